import { toBase64, toBase64url, toHex } from '@keyline/bytes'
import { encodeManualCode, encodeQrPayload, formatManualCode } from '@keyline/matter'

/** One way in which a secret may stand somewhere. */
export interface Spelling {
  readonly form: string
  readonly octets: Uint8Array
  /**
   * `octets`: anywhere. `text`: anywhere, whatever white space, line ends and colons stand between.
   * `word`: only between characters that are neither letters nor digits, because it is short enough to occur by chance.
   */
  readonly kind: 'octets' | 'text' | 'word'
}

/** A secret that the test knows, and all its spellings. */
export interface PlantedSecret {
  readonly name: string
  /** Serial number of the unit that it belongs to; a secret of the line has none. */
  readonly unit?: string | undefined
  readonly spellings: readonly Spelling[]
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
const text = (form: string, content: string): Spelling => ({
  form,
  octets: latin1(content),
  kind: 'text',
})
const word = (form: string, content: string): Spelling => ({
  form,
  octets: latin1(content),
  kind: 'word',
})

/** Octets of a window: a dump that stops early, or starts late, still holds one of the two. */
const windowLength = 16

/** A key, salt, verifier or passphrase: at least 16 octets that nobody meets by chance. */
export function secretOctets(name: string, octets: Uint8Array, unit?: string): PlantedSecret {
  if (octets.length < windowLength) throw new RangeError(`${name} is too short to be searched for`)
  const windows = [octets.subarray(0, windowLength), octets.subarray(-windowLength)]
  const spellings = windows.flatMap((window) => [
    ...spellingsOf(window, ''),
    ...spellingsOf(window.toReversed(), ', reversed'),
  ])
  const number = BigInt(`0x${toHex(octets)}`).toString()
  const members = Array.from(octets.subarray(0, windowLength), (octet, at) => `"${at}":${octet}`)
  const wholes = [text('decimal number', number), text('JSON object', members.join(','))]
  return { name, unit, spellings: [...spellings, ...wholes] }
}

function spellingsOf(octets: Uint8Array, order: string): readonly Spelling[] {
  return [
    { form: `octets${order}`, octets: Uint8Array.from(octets), kind: 'octets' },
    text(`hexadecimal${order}`, toHex(octets)),
    text(`upper-case hexadecimal${order}`, toHex(octets).toUpperCase()),
    text(`list of numbers${order}`, [...octets].join(',')),
    ...[0, 1, 2].flatMap((before) => [
      text(`base64${order}`, innerBase64(octets, before, toBase64)),
      text(`base64url${order}`, innerBase64(octets, before, toBase64url)),
    ]),
  ]
}

/** The characters of base64 that depend on the octets alone, when others stand around them. */
function innerBase64(
  octets: Uint8Array,
  before: number,
  encode: (octets: Uint8Array) => string,
): string {
  const padded = new Uint8Array(before + octets.length)
  padded.set(octets, before)
  const first = Math.ceil((before * 8) / 6)
  const last = Math.floor((padded.length * 8) / 6)
  return encode(padded).slice(first, last)
}

export interface OnboardingSecret {
  readonly unit: string
  readonly passcode: number
  readonly discriminator: number
  readonly vendorId: number
  readonly productId: number
}

/** Fewest digits that are searched for without their leading zeros. */
const shortestNumber = 6

/** The passcode, as a number and inside the codes of the label. */
export function secretPasscode(input: OnboardingSecret): PlantedSecret {
  const { unit, passcode } = input
  const fields = { ...input, flow: 0, discovery: 2 }
  const digits = String(passcode)
  const hex = passcode.toString(16).padStart(8, '0')
  const swapped = toHex(littleEndian(passcode))
  const manual = encodeManualCode(fields)
  const qr = encodeQrPayload(fields).slice('MT:'.length)
  return {
    name: 'passcode',
    unit,
    spellings: [
      word('eight digits', digits.padStart(8, '0')),
      ...(digits.length < shortestNumber ? [] : [word('number', digits)]),
      ...[hex, swapped].flatMap((number) => [
        word('hexadecimal', number),
        word('hexadecimal', `0x${number}`),
        word('upper-case hexadecimal', number.toUpperCase()),
      ]),
      { form: 'record of the factory data', octets: passcodeRecord(passcode), kind: 'octets' },
      word('manual code', manual),
      word('manual code in groups', formatManualCode(manual)),
      text('QR code', qr),
      text('QR code in hexadecimal', toHex(latin1(qr))),
      text('QR code in base64', innerBase64(latin1(qr), 0, toBase64)),
    ],
  }
}

/** Tag 15 and length 4, each four octets, then the number: all little endian. */
function passcodeRecord(passcode: number): Uint8Array {
  return Uint8Array.of(15, 0, 0, 0, 4, 0, 0, 0, ...littleEndian(passcode))
}

function littleEndian(value: number): Uint8Array {
  const octets = new Uint8Array(4)
  new DataView(octets.buffer).setUint32(0, value, true)
  return octets
}
