package config

// DiskFloor is how many bytes must be free on a disk of so many bytes before an export begins: disk.min_free, or 1 GB or
// 5 % of the disk, whichever is more. On a disk smaller than 4 GB a quarter of it is enough.
func (c *Config) DiskFloor(total int64) int64 {
	if c.Disk.MinFree > 0 {
		return int64(c.Disk.MinFree)
	}
	return max(min(1_000_000_000, total/4), total/20)
}
