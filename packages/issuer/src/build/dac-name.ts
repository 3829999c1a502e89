import { encodeUtf8, isWellFormedText } from '@keyline/bytes'
import { MatterOid } from '@keyline/matter'
import { name, Oid } from '@keyline/x509'

/** How a subject carries vendor and product id: as attributes of their own, or inside the common name. */
export type SubjectEncoding = 'oid' | 'cn-fallback'

export interface DacNameInput {
  readonly commonName: string
  readonly vendorId: number
  readonly productId: number
  /** `oid` unless given. */
  readonly subjectEncoding?: SubjectEncoding | undefined
}

const longestCommonName = 64

/** DER of the subject of a device certificate. Source: station 8.2. */
export function dacName(input: DacNameInput): Uint8Array {
  if (input.subjectEncoding === 'cn-fallback') {
    return name([{ type: Oid.commonName, value: fallbackName(input) }])
  }
  return name([
    { type: Oid.commonName, value: input.commonName },
    { type: MatterOid.vendorId, value: fourDigits(input.vendorId) },
    { type: MatterOid.productId, value: fourDigits(input.productId) },
  ])
}

/** Why a common name breaks ISS-07; undefined when it does not. */
export function commonNameProblem(input: DacNameInput): string | undefined {
  const { commonName } = input
  if (!isWellFormedText(commonName)) return 'it is not well-formed Unicode'
  const characters = Array.from(commonName).length
  if (characters < 1 || characters > longestCommonName) {
    return `it has ${characters} characters, but must have 1 to ${longestCommonName}`
  }
  if (/M[vp]id:/.test(commonName)) return 'it must not imitate Mvid: or Mpid:'
  if (input.subjectEncoding !== 'cn-fallback') return undefined
  const octets = encodeUtf8(fallbackName(input)).length
  return octets > longestCommonName
    ? `with its suffix it has ${octets} octets, but ${longestCommonName} at most`
    : undefined
}

/** Four upper-case hexadecimal digits. */
export function fourDigits(id: number): string {
  return id.toString(16).toUpperCase().padStart(4, '0')
}

function fallbackName({ commonName, vendorId, productId }: DacNameInput): string {
  return `${commonName} Mvid:${fourDigits(vendorId)} Mpid:${fourDigits(productId)}`
}
