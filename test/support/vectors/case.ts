/** One file of vectors. */
export interface VectorFile {
  /** Path from the group on, wherever the file was found: `matter/chains/dac.json`. */
  readonly path: string
  readonly json: unknown
  /**
   * The content of another file of the same set by its path from the group on (`matter/chains/paa-pai.json`),
   * or of the copy in `test/vectors` when the set has none. The runner always gives it.
   */
  readonly beside?: ((path: string) => Promise<unknown>) | undefined
}

/** What one case gave: `expected` and `actual` are short texts that a person can compare. */
export interface CaseResult {
  readonly id: string
  readonly ok: boolean
  readonly expected: string
  readonly actual: string
}

/**
 * Runs every case of one file and gives one result per vector, under the vector's own id.
 * A file of an unknown shape is a thrown error, never an empty list.
 */
export type VectorCheck = (file: VectorFile) => Promise<readonly CaseResult[]>
