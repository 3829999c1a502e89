/** What a QR code tells a commissioner. Source: matter-factory-data sections 8.1 and 8.2. */
export interface OnboardingFields {
  readonly vendorId: number
  readonly productId: number
  readonly discriminator: number
  readonly passcode: number
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-.'
/** Bits that 5 or 4 characters carry; 19 characters are three chunks of 5 and one of 4. */
const bitsOfChunk = { long: 24n, short: 16n } as const

export function readQrText(text: string): OnboardingFields | undefined {
  const code = /^MT:([0-9A-Z.-]{19})$/.exec(text)?.[1]
  if (code === undefined) return undefined
  let bits = 0n
  let width = 0n
  for (let start = 0; start < code.length; start += 5) {
    const chunk = code.slice(start, start + 5)
    const value = chunk.split('').reduceRight((sum, digit) => sum * 38 + alphabet.indexOf(digit), 0)
    bits |= BigInt(value) << width
    width += chunk.length === 5 ? bitsOfChunk.long : bitsOfChunk.short
  }
  const field = (offset: bigint, length: bigint): number =>
    Number((bits >> offset) & ((1n << length) - 1n))
  return {
    vendorId: field(3n, 16n),
    productId: field(19n, 16n),
    discriminator: field(45n, 12n),
    passcode: field(57n, 27n),
  }
}
