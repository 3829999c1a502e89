import { isKeylineError, toHex } from '@keyline/bytes'
import { decodeTlv, encodeTlv } from '@keyline/matter'
import type { VectorCheck } from './case.ts'
import { casesOf, compared } from './vector-reader.ts'

/** Matter TLV elements: a good one decodes to what encodes to the same octets, a bad one is refused. */
export const check: VectorCheck = async (file) =>
  casesOf(file).map((vector) => {
    const isValid = !vector.has('valid') || vector.flag('valid')
    const hex = vector.text('tlv')
    return compared(vector.id, isValid ? hex : 'refused', again(vector.octets('tlv')))
  })

function again(octets: Uint8Array): string {
  try {
    return toHex(encodeTlv(decodeTlv(octets)))
  } catch (error) {
    if (isKeylineError(error)) return 'refused'
    throw error
  }
}
