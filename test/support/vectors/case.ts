/** One file of vectors as the runner found it: its path below the folder that was asked for, and its content. */
export interface VectorFile {
  readonly path: string
  readonly json: unknown
}

/** What one case gave: `expected` and `actual` are short texts that a person can compare. */
export interface CaseResult {
  readonly id: string
  readonly ok: boolean
  readonly expected: string
  readonly actual: string
}

/** Runs every case of one file. A file of an unknown shape is a thrown error, never an empty list. */
export type VectorCheck = (file: VectorFile) => Promise<readonly CaseResult[]>
