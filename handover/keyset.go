package handover

import (
	"hash/maphash"
	"slices"
)

// keySet holds 64-bit hashes of keys: 8 bytes for each, whatever the key. With a million keys the chance that two of them
// collide is one in thirty million; the seed is new in each process, so nobody can bring it about.
type keySet struct {
	list   []uint64
	sorted int // so many at the beginning are sorted and different
	unique bool
	recent []uint64 // of a set made with unique: what was added lately, by its last bits
}

// recentKeys is how many keys a set remembers, so as not to keep again what comes again and again.
const recentKeys = 1 << 13

var keySeed = maphash.MakeSeed()

func keyOf(text string) uint64 { return maphash.String(keySeed, text) }

// keyOfBytes is keyOf for a text in a buffer.
func keyOfBytes(text []byte) uint64 { return maphash.Bytes(keySeed, text) }

// add adds a key. A set made with unique drops repetitions from time to time, others keep them.
func (s *keySet) add(key uint64) {
	if s.unique && s.repeats(key) {
		return
	}
	s.list = append(s.list, key)
	if s.unique && len(s.list)-s.sorted > max(1<<18, s.sorted/2) {
		s.sort()
	}
}

// repeats reports whether a key is among the recent ones, and makes it one of them.
func (s *keySet) repeats(key uint64) bool {
	if s.recent == nil {
		s.recent = make([]uint64, recentKeys)
	}
	last := &s.recent[key%recentKeys]
	known := *last == key && key != 0
	*last = key
	return known
}

// merge takes the keys of another set and empties it.
func (s *keySet) merge(other *keySet) {
	s.list = append(s.list, other.list...)
	s.sorted, other.list, other.sorted, other.recent = 0, nil, 0, nil
}

// take takes the keys of another set and leaves it its memory.
func (s *keySet) take(other *keySet) {
	s.list = append(s.list, other.list...)
	s.sorted, other.list, other.sorted, other.recent = 0, other.list[:0], 0, nil
}

// sort makes the set ready for has.
func (s *keySet) sort() {
	slices.Sort(s.list)
	if s.unique {
		s.list = slices.Compact(s.list)
	}
	s.sorted = len(s.list)
}

// has reports whether a key is in a sorted set.
func (s *keySet) has(key uint64) bool {
	_, ok := slices.BinarySearch(s.list, key)
	return ok
}

// repeated counts the keys of a sorted set that are there already.
func (s *keySet) repeated() (n int64) {
	for i := 1; i < len(s.list); i++ {
		if s.list[i] == s.list[i-1] {
			n++
		}
	}
	return n
}

// covers reports whether every key of a sorted set is in another.
func (s *keySet) covers(other *keySet) bool {
	i := 0
	for _, key := range other.list {
		for i < len(s.list) && s.list[i] < key {
			i++
		}
		if i == len(s.list) || s.list[i] != key {
			return false
		}
	}
	return true
}
