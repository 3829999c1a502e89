import { concat, decodeUtf8, encodeUtf8 } from '@keyline/bytes'
import { MatterError } from '../errors.ts'

/** Message begin, message end, short record, type name format well-known. */
const recordHeader = 0xd1
const typeUri = 0x55
/** No abbreviation of the URI. */
const identifierCode = 0x00
const ndefTlv = 0x03
const terminatorTlv = 0xfe

/**
 * The NDEF message of a tag: one short URI record with the QR text (matter-factory-data 8.4).
 * @throws MatterError `ONBOARDING_VALUE` when the text does not fit a short record
 */
export function encodeNdef(qrText: string): Uint8Array<ArrayBuffer> {
  const uri = encodeUtf8(qrText)
  if (uri.length > 254) {
    throw new MatterError('ONBOARDING_VALUE', `a tag holds 254 octets, the text has ${uri.length}`)
  }
  return concat(Uint8Array.of(recordHeader, 1, uri.length + 1, typeUri, identifierCode), uri)
}

/** The same wrapped for an NFC Forum Type 2 tag; longer messages take the length in three octets. */
export function encodeType2Tag(qrText: string): Uint8Array<ArrayBuffer> {
  const message = encodeNdef(qrText)
  const length =
    message.length < 0xff
      ? Uint8Array.of(message.length)
      : Uint8Array.of(0xff, message.length >> 8, message.length & 0xff)
  return concat(Uint8Array.of(ndefTlv), length, message, Uint8Array.of(terminatorTlv))
}

/** The QR text of an NDEF message. @throws MatterError `ONBOARDING_NFC` */
export function decodeNdef(message: Uint8Array): string {
  const isRecord =
    message[0] === recordHeader &&
    message[1] === 1 &&
    message[2] === message.length - 4 &&
    message[3] === typeUri &&
    message[4] === identifierCode
  if (!isRecord) {
    throw new MatterError('ONBOARDING_NFC', 'not one short URI record without abbreviation')
  }
  return decodeUtf8(message.subarray(5), 'NDEF text')
}

/** The QR text of a Type 2 tag. @throws MatterError `ONBOARDING_NFC` */
export function decodeType2Tag(octets: Uint8Array): string {
  const isLong = octets[1] === 0xff
  const start = isLong ? 4 : 2
  const length = isLong ? ((octets[2] ?? 0) << 8) | (octets[3] ?? 0) : (octets[1] ?? 0)
  const isWrapped =
    octets[0] === ndefTlv &&
    octets.length === start + length + 1 &&
    octets[start + length] === terminatorTlv &&
    (!isLong || length >= 0xff)
  if (!isWrapped) throw new MatterError('ONBOARDING_NFC', 'not one NDEF message and its end')
  return decodeNdef(octets.subarray(start, start + length))
}
