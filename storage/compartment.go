package storage

import "context"

// Patients lists the ids of all who had anything in their compartment at the snapshot, whether their Patient resource is
// there or not, sorted. It reads every owner.
func (s *Store) Patients(ctx context.Context, at Snapshot) ([]string, error) {
	return s.texts(ctx, `SELECT DISTINCT patient FROM owner WHERE `+whyWhole+` AND since <= ?1 AND (until IS NULL OR until > ?1) ORDER BY patient`, at.Seq)
}

// texts reads one column.
func (s *Store) texts(ctx context.Context, text string, args ...any) ([]string, error) {
	rows, err := query(ctx, s.reads, text, args...)
	all, err := collect(rows, err, oneColumn[string])
	return all, wrap("read texts", err)
}
