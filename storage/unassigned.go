package storage

import (
	"context"

	"satchel/fhir"
)

// TypeCount is a number of resources of a type.
type TypeCount struct {
	Type string
	N    int64
}

// Unassigned counts, by type, the living resources that belong to no patient although resources of their type ought to
// ([fhir.Disposition.Ownerless]): they name none, or one who is not of this server, and hang on nothing of one. Some of them may
// rightly be nobody's, such as an observation of a room. It reads every resource's row, and no content.
func (s *Store) Unassigned(ctx context.Context) ([]TypeCount, error) {
	var types []string
	for _, d := range fhir.Dispositions() {
		if !d.Ownerless() {
			types = append(types, d.Type)
		}
	}
	rows, err := query(ctx, s.reads, `SELECT type, count(*) FROM resource WHERE owned = 0 AND body IS NOT NULL AND type IN (`+s.typeList(types)+`)
		GROUP BY type`)
	all, err := collect(rows, err, func(scan row) (c TypeCount, err error) {
		var code int64
		err = scan(&code, &c.N)
		c.Type = s.types.name(code)
		return c, err
	})
	return all, wrap("count what is unassigned", err)
}
