/** A case that cannot apply to Keyline, and why; a test proves of each that it exists and does not apply. */
export interface NotApplicable {
  /** Path from the group on. */
  readonly file: string
  readonly ids: readonly string[]
  readonly reason: string
}

export const notApplicable: readonly NotApplicable[] = [
  {
    file: 'wycheproof/aes_gcm_test.json',
    ids: [...tcIds(68, 90), ...tcIds(157, 175), ...tcIds(240, 310)],
    reason: 'the nonce is not 96 bits long; Keyline draws 96-bit nonces and refuses every other',
  },
]

/** Why a case cannot apply, or nothing when it must pass. */
export function reasonNotApplicable(file: string, id: string): string | undefined {
  return notApplicable.find((entry) => entry.file === file && entry.ids.includes(id))?.reason
}

function tcIds(first: number, last: number): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `tcId ${first + index}`)
}
