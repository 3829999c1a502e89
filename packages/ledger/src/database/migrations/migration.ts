/** Names of the column types that both databases have, and what stands behind a table. */
export interface ColumnTypes {
  /** Binary text of any length. */
  readonly octets: string
  /** 64-bit signed integer. */
  readonly integer: string
  /** Options at the end of `create table`, for a table that is read by its text key. */
  readonly table: string
  /** The same for a table whose rows lie in the order they came, and are found through its indexes. */
  readonly heap: string
  /** True when the rows of a `table` lie in the order of its key. */
  readonly isClustered: boolean
}

export interface Migration {
  /** 1, 2, 3, … without gaps. A released migration is never changed. */
  readonly version: number
  readonly statements: (types: ColumnTypes) => readonly string[]
}
