/** One thing in the tree that breaks a rule of the house. */
export interface Violation {
  /** Path below the root, with `/`. */
  readonly file: string
  readonly message: string
}

/** A rule of the house, as `npm run check` and `npm test` run it. */
export interface HouseCheck {
  readonly name: string
  readonly find: (root: string) => readonly Violation[]
}
