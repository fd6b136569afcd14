package demo

import "fmt"

// writer fills templates and hands the results to the consumer of [Items].
type writer struct {
	yield   func(Item) bool
	options Options
	context map[string]string // values of holes that stay while a record is written
	buf     []byte
	note    string // of the next items
	count   int    // items so far
	stopped bool   // the consumer has had enough; every call does nothing
}

// set puts name, value pairs into the context.
func (w *writer) set(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		w.context[pairs[i]] = pairs[i+1]
	}
}

// put writes the template of a chapter under the id. Holes take their values from the pairs (name, value, …), then from
// the context; a hole without a value is a mistake in this package and panics.
func (w *writer) put(chapter, key, id string, pairs ...string) {
	t := chapters()[chapter].byKey[key]
	if t == nil {
		panic(fmt.Sprintf("no template %q in chapter %q", key, chapter))
	}
	w.write(t, id, pairs)
}

// putAll writes each template of a chapter in order, under its name with prefix in front and suffix behind.
func (w *writer) putAll(chapter, prefix, suffix string, pairs ...string) {
	for _, t := range chapters()[chapter].list {
		w.write(t, prefix+t.name+suffix, pairs)
	}
}

// write fills one template.
func (w *writer) write(t *template, id string, pairs []string) {
	if w.stopped {
		return
	}
	b := w.buf[:0]
	for _, p := range t.parts {
		b = append(b, p.text...)
		switch p.hole {
		case "":
		case "id":
			b = append(b, id...)
		default:
			b = append(b, w.value(t, p.hole, pairs)...)
		}
	}
	w.buf = b
	w.hand(Item{Op: Put, Type: t.typ, ID: id, JSON: b, Note: w.note})
}

// value finds what goes into a hole.
func (w *writer) value(t *template, hole string, pairs []string) string {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == hole {
			return pairs[i+1]
		}
	}
	value, ok := w.context[hole]
	if !ok {
		panic(fmt.Sprintf("template %q needs a value for %q", t.typ+" "+t.name, hole))
	}
	return value
}

// remove asks for a deletion.
func (w *writer) remove(typ, id, note string) {
	if !w.stopped {
		w.hand(Item{Op: Delete, Type: typ, ID: id, Note: note})
	}
}

func (w *writer) hand(item Item) {
	w.count++
	w.stopped = !w.yield(item)
}
