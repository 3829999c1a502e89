import { decodeCbor, type CborLimits } from '../cbor/reader.ts'
import { encodeCbor } from '../cbor/encode.ts'
import { CborTag, isCborArray, isCborMap, type CborMap, type CborValue } from '../cbor/value.ts'
import { EatError } from '../errors.ts'
import type { EnvelopeKind } from './algorithm.ts'

/** CBOR tags of the two envelopes (RFC 9052 section 2). */
export const EnvelopeTag = { sign1: 18, mac0: 17 } as const satisfies Record<EnvelopeKind, number>

/** COSE_Sign1 or COSE_Mac0 as it stands, before its headers are judged. Octets are views of the input. */
export interface CoseEnvelope {
  readonly kind: EnvelopeKind
  /** The protected header as it came, since these octets are signed. */
  readonly protectedOctets: Uint8Array
  readonly protectedHeader: CborMap
  readonly unprotectedHeader: CborMap
  /** Nothing when it is detached. */
  readonly payload: Uint8Array | undefined
  /** Signature r ‖ s, or MAC. */
  readonly signature: Uint8Array
}

export interface EnvelopeOptions extends CborLimits {
  /** Takes an envelope without a tag for this one. Tokens and CoRIMs must have the tag. */
  readonly untagged?: EnvelopeKind | undefined
}

/**
 * Reads the form of an envelope: one CBOR item, its tag, four elements of their types, a protected header that is
 * a map. @throws EatError `E_CBOR_…`, `E_SIZE_LIMIT`, `E_COSE_TAG`, `E_COSE_STRUCTURE`
 */
export function parseEnvelope(octets: Uint8Array, options: EnvelopeOptions = {}): CoseEnvelope {
  const item = decodeCbor(octets, options)
  const kind = item instanceof CborTag ? kindOf(item) : options.untagged
  if (kind === undefined) {
    const found = item instanceof CborTag ? `tag ${item.tag}` : 'no tag'
    const message = `the message has ${found}, not 18 (COSE_Sign1) or 17 (COSE_Mac0)`
    throw new EatError('E_COSE_TAG', message, { details: { offset: options.base ?? 0 } })
  }
  const elements = item instanceof CborTag ? item.value : item
  if (!isCborArray(elements) || elements.length !== 4) {
    return refuse('the envelope is no array of four elements')
  }
  const [protectedOctets, unprotectedHeader, payload, signature] = elements
  if (!(protectedOctets instanceof Uint8Array)) {
    return refuse('the protected header is no byte string')
  }
  if (!isHeader(unprotectedHeader)) {
    return refuse('the unprotected header is no map of integer and text labels')
  }
  if (payload !== null && !(payload instanceof Uint8Array)) {
    return refuse('the payload is neither a byte string nor nil')
  }
  if (!(signature instanceof Uint8Array)) return refuse('the signature is no byte string')
  const base = (options.base ?? 0) + protectedOctets.byteOffset - octets.byteOffset
  const protectedHeader = readProtected(protectedOctets, { ...options, base })
  return {
    kind,
    protectedOctets,
    protectedHeader,
    unprotectedHeader,
    payload: payload ?? undefined,
    signature,
  }
}

/** The content of an envelope that is to be written; the protected header already encoded, as it was signed. */
export interface EnvelopeContent {
  readonly kind: EnvelopeKind
  readonly protectedOctets: Uint8Array
  readonly unprotectedHeader?: CborMap | undefined
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

export function encodeEnvelope(content: EnvelopeContent): Uint8Array<ArrayBuffer> {
  const { kind, protectedOctets, payload, signature } = content
  const unprotectedHeader = content.unprotectedHeader ?? new Map<CborValue, CborValue>()
  const elements = [protectedOctets, unprotectedHeader, payload, signature]
  return encodeCbor(new CborTag(EnvelopeTag[kind], elements))
}

/** The protected header as octets; none at all for an empty one (RFC 9052 section 3). */
export function encodeProtected(header: CborMap): Uint8Array<ArrayBuffer> {
  return header.size === 0 ? new Uint8Array() : encodeCbor(header)
}

const noHeader: CborMap = new Map()

function readProtected(octets: Uint8Array, limits: CborLimits): CborMap {
  if (octets.length === 0) return noHeader
  const header = decodeCbor(octets, limits)
  if (isHeader(header)) return header
  return refuse('the protected header is no map of integer and text labels')
}

function isHeader(value: CborValue | undefined): value is CborMap {
  if (!isCborMap(value)) return false
  for (const label of value.keys()) {
    if (typeof label !== 'number' && typeof label !== 'string') return false
  }
  return true
}

function kindOf({ tag }: CborTag): EnvelopeKind | undefined {
  if (tag === EnvelopeTag.sign1) return 'sign1'
  return tag === EnvelopeTag.mac0 ? 'mac0' : undefined
}

function refuse(message: string): never {
  throw new EatError('E_COSE_STRUCTURE', message)
}
