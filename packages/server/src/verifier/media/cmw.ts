import {
  decodeUtf8,
  fromBase64url,
  isKeylineError,
  parseJson,
  type JsonValue,
} from '@keyline/bytes'
import { CborTag, decodeCbor, isCborArray, isCborBytes, type CborValue } from '@keyline/eat'
import { ServerError } from '../../errors.ts'
import { evidenceTypes, unsupportedType } from './evidence-type.ts'
import { parseMediaType } from './media-type.ts'

/** A conceptual message: what a wrapper encloses (draft-ietf-rats-msg-wrap). */
export interface ConceptualMessage {
  /** Media type as text. */
  readonly type: string
  readonly value: Uint8Array
}

type Serialisation = 'json' | 'cbor' | 'either'

const wrapperTypes: ReadonlyMap<string, Serialisation> = new Map([
  ['application/cmw', 'either'],
  ['application/cmw+json', 'json'],
  ['application/cmw+cbor', 'cbor'],
  ['application/vnd.veraison.cmw+json', 'json'],
  ['application/vnd.veraison.cmw+cbor', 'cbor'],
])

/** A wrapper has three items; what weighs more is none. */
const mostWeight = 200

/** First of the CBOR tags that stand for CoAP content formats, 255 of each 256 (RFC 9277 section 4.3). */
const firstFormatTag = 1_668_546_817
const mostContentFormat = 0xffff

/** How a wrapper of this media type is written; nothing when it is no wrapper. */
export function wrapperOf(mediaType: string): Serialisation | undefined {
  // Most evidence comes without a wrapper: its type is not taken apart here.
  if (!/cmw/i.test(mediaType)) return undefined
  return wrapperTypes.get(parseMediaType(mediaType)?.essence ?? '')
}

/**
 * Unwraps a record `[type, value, ind?]` in JSON or CBOR, or the tagged form in CBOR.
 * @throws ServerError `SERVER_CMW`; `SERVER_MEDIA_TYPE` for a collection (V9) and for a content format that is not known
 */
export function unwrapCmw(octets: Uint8Array, serialisation: Serialisation): ConceptualMessage {
  const isJson = serialisation === 'either' ? looksLikeJson(octets) : serialisation === 'json'
  return isJson ? ofJson(readJson(octets)) : ofCbor(octets)
}

/** The CBOR tag of a CoAP content format. */
export function contentFormatTag(format: number): number {
  return firstFormatTag + Math.trunc(format / 255) * 256 + (format % 255)
}

function contentFormatOf(tag: number): number | undefined {
  const index = tag - firstFormatTag
  const format = Math.trunc(index / 256) * 255 + (index % 256)
  return index >= 0 && index % 256 < 255 && format <= mostContentFormat ? format : undefined
}

/** White space, a list or an object: none of them begins a wrapper in CBOR. */
function looksLikeJson([first]: Uint8Array): boolean {
  return first !== undefined && [0x09, 0x0a, 0x0d, 0x20, 0x5b, 0x7b].includes(first)
}

function readJson(octets: Uint8Array): JsonValue {
  return orBad(() => parseJson(decodeUtf8(octets), 'the wrapper', { maxDepth: 4 }))
}

function ofJson(json: JsonValue): ConceptualMessage {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) throw collection()
  if (!Array.isArray(json)) throw bad('it is no record')
  const [type, value, indicator]: readonly JsonValue[] = json
  requireLength(json.length)
  requireIndicator(indicator)
  if (typeof value !== 'string') throw bad('the value is no text')
  const octets = orBad(() => fromBase64url(value.replace(/={1,2}$/, ''), 'the value'))
  return { type: typeText(type), value: octets }
}

function ofCbor(octets: Uint8Array): ConceptualMessage {
  const [first = 0] = octets
  if (first >> 5 === 5) throw collection()
  const item = orBad(() =>
    decodeCbor(octets, { maxDepth: 4, maxLength: octets.length, maxWeight: mostWeight }),
  )
  if (item instanceof CborTag) return ofTag(item)
  if (!isCborArray(item)) throw bad('it is no record and has no tag')
  const [type, value, indicator] = item
  requireLength(item.length)
  requireIndicator(indicator)
  return { type: typeText(type), value: octetsOf(value) }
}

function ofTag({ tag, value }: CborTag): ConceptualMessage {
  const format = contentFormatOf(Number(tag))
  if (format === undefined) throw bad(`the tag ${tag} stands for no content format`)
  return { type: formatText(format), value: octetsOf(value) }
}

function octetsOf(value: CborValue | undefined): Uint8Array {
  if (isCborBytes(value)) return value
  throw bad('the value is no byte string')
}

function typeText(type: JsonValue | CborValue | undefined): string {
  if (typeof type === 'string') return type
  if (
    typeof type === 'number' &&
    Number.isInteger(type) &&
    type >= 0 &&
    type <= mostContentFormat
  ) {
    return formatText(type)
  }
  throw bad('the type is neither a media type nor a content format')
}

function formatText(format: number): string {
  const type = evidenceTypes.find(({ contentFormat }) => contentFormat === format)
  if (type !== undefined) return type.text
  throw unsupportedType(`CoAP content format ${format}`)
}

function requireLength(length: number): void {
  if (length !== 2 && length !== 3) throw bad(`the record has ${length} items, not 2 or 3`)
}

/** What kinds of message it is, as bits. The type decides; the form is checked. */
function requireIndicator(indicator: JsonValue | CborValue | undefined): void {
  if (indicator === undefined) return
  const isSet = typeof indicator === 'number' && Number.isInteger(indicator)
  if (!isSet || indicator < 1 || indicator > 0xffff_ffff)
    throw bad('the indicator is no set of bits')
}

function collection(): ServerError {
  return unsupportedType('a CMW collection')
}

function orBad<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw bad(cause.message, cause)
  }
}

function bad(message: string, cause?: unknown): ServerError {
  return new ServerError('SERVER_CMW', `could not unwrap the CMW: ${message}`, { cause })
}
