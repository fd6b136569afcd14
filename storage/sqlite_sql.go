package storage

// Words of the statements that standard SQL does not have. The rest of the package writes statements that it shares with
// other engines, with placeholders ?, or ?1 for one that occurs again.

// insertOrFail is INSERT for the loops over many rows: it spares the database the means to undo a statement alone, since an
// error undoes the whole transaction.
const insertOrFail = `INSERT OR FAIL`

// insertOrSkip is INSERT that leaves out a row whose key is there already, for the same loops.
const insertOrSkip = `INSERT OR IGNORE`

// greater is an expression for the greater of two.
func greater(a, b string) string { return `max(` + a + `, ` + b + `)` }

// named is a condition that a column has the name of the next argument, without regard to case.
func named(column string) string { return column + ` = ? COLLATE NOCASE` }

// byName is an order by a column without regard to case.
func byName(column string) string { return column + ` COLLATE NOCASE` }

// by makes a table be read by an index, where the database would choose another.
func by(index string) string { return `INDEXED BY ` + index }

// eachValue is a table with a column value: the values of the JSON array that is the first argument.
const eachValue = `json_each(?1)`
