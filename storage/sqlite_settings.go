package storage

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// oldest is the first SQLite without the bug that can damage a database when its log is reset while another process
// writes.
const oldest = "3.51.3"

// pragma is one setting of a connection: what is written and what must be read back.
type pragma struct{ name, set, want string }

// The settings of all connections. The driver runs busy_timeout first, because the switch to WAL can itself meet a lock,
// and the others in the order of their names.
var commonPragmas = []pragma{
	{"busy_timeout", "10000", "10000"},
	{"temp_store", "MEMORY", "2"},
	{"trusted_schema", "0", "0"},
}

// pageSize is of new files, in bytes: resources of 1 to 4 kB fit without an overflow page each.
const pageSize = 8192

// freshPragmas are for a file without content. The page size must stand before the switch to WAL, which writes the first
// page.
var freshPragmas = append(slices.Clone(commonPragmas), pragma{"page_size", strconv.Itoa(pageSize), strconv.Itoa(pageSize)})

// migrationPragmas turn foreign keys off: with them on, rebuilding a parent table deletes its children's rows.
var migrationPragmas = append(slices.Clone(commonPragmas),
	pragma{"journal_mode", "WAL", "wal"},
	pragma{"synchronous", "FULL", "2"},
	pragma{"foreign_keys", "0", "0"},
)

// writerPragmas are of the one connection that writes. It checkpoints by itself (see writer.checkpoint), because the
// automatic checkpoint swallows a failed fsync.
var writerPragmas = append(slices.Clone(commonPragmas),
	pragma{"journal_mode", "WAL", "wal"},
	pragma{"synchronous", "FULL", "2"},
	pragma{"foreign_keys", "1", "1"},
	pragma{"secure_delete", "FAST", "2"},
	pragma{"wal_autocheckpoint", "0", "0"},
	pragma{"journal_size_limit", "67108864", "67108864"},
	pragma{"cache_size", "-32000", "-32000"},
)

// bulkPragmas are writerPragmas for imports: no fsync per commit, and the index pages that random keys touch stay in
// memory.
var bulkPragmas = replace(writerPragmas,
	pragma{"synchronous", "NORMAL", "1"},
	pragma{"journal_size_limit", "268435456", "268435456"},
	pragma{"cache_size", "-64000", "-64000"},
)

// replace copies settings with some of them changed: one name, one value.
func replace(settings []pragma, changed ...pragma) []pragma {
	settings = slices.Clone(settings)
	for _, c := range changed {
		i := slices.IndexFunc(settings, func(p pragma) bool { return p.name == c.name })
		settings[i] = c
	}
	return settings
}

var readerPragmas = append(slices.Clone(commonPragmas),
	pragma{"journal_mode", "WAL", "wal"},
	pragma{"foreign_keys", "1", "1"},
	pragma{"query_only", "1", "1"},
	pragma{"wal_autocheckpoint", "0", "0"},
	pragma{"cache_size", "-8000", "-8000"},
)

// dsn is the address of the database file with its settings. The path is escaped as a URL: put together by hand, a
// path with '#', '?' or '%' in it would open another file.
func dsn(path string, pragmas []pragma) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/x becomes /C:/x
	}
	q := url.Values{"_txlock": {"immediate"}, "_dqs": {"0"}, "_defensive": {"1"}, "_error_rc": {"1"}}
	for _, p := range pragmas {
		q.Add("_pragma", p.name+"("+p.set+")")
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// openHandle opens a pool of connections with the settings and checks on one of them that they hold.
func openHandle(ctx context.Context, path string, pragmas []pragma) (*sql.DB, error) {
	sqlite.StrictPragmas(true)
	db, err := sql.Open("sqlite", dsn(path, pragmas))
	if err != nil {
		return nil, err
	}
	if err := readBack(ctx, db, pragmas); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// readBack reads back version and settings. SQLite ignores what it does not understand, so only this makes them sure.
func readBack(ctx context.Context, db *sql.DB, pragmas []pragma) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	var version string
	if err := c.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		return err
	}
	if olderThan(version, oldest) {
		return fmt.Errorf("SQLite %s is older than %s and can damage the database; build with a newer modernc.org/sqlite", version, oldest)
	}
	for _, p := range pragmas {
		var got string
		if err := c.QueryRowContext(ctx, `PRAGMA `+p.name).Scan(&got); err != nil {
			return fmt.Errorf("read pragma %s: %w", p.name, err)
		}
		if got != p.want {
			return fmt.Errorf("pragma %s is %q and not %q; is the file on a local disk, and is it writable?", p.name, got, p.want)
		}
	}
	return nil
}

// olderThan compares versions such as "3.51.3".
func olderThan(version, other string) bool {
	var a, b [3]int
	fmt.Sscanf(version, "%d.%d.%d", &a[0], &a[1], &a[2])
	fmt.Sscanf(other, "%d.%d.%d", &b[0], &b[1], &b[2])
	return slices.Compare(a[:], b[:]) < 0
}
