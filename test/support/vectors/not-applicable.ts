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
    ids: ['tcId 268', 'tcId 272', 'tcId 276'],
    reason: 'the IV is longer than the 128 octets that OpenSSL takes',
  },
  {
    file: 'wycheproof/ec_prime_order_curves_test.json',
    ids: ['tcId 1', ...tcIds(5, 7), 'tcId 9', ...tcIds(12, 26)],
    reason: 'constants of a curve that Keyline does not use',
  },
]

/** Why a case cannot apply, or nothing when it must pass. */
export function reasonNotApplicable(file: string, id: string): string | undefined {
  return notApplicable.find((entry) => entry.file === file && entry.ids.includes(id))?.reason
}

function tcIds(first: number, last: number): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `tcId ${first + index}`)
}
