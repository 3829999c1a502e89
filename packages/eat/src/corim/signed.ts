import { decodeCbor, type CborLimits } from '../cbor/reader.ts'
import { encodeCbor } from '../cbor/encode.ts'
import { CborTag, cborMap, taggedValue, type CborValue } from '../cbor/value.ts'
import { coseAlgorithms, type CoseAlgorithm } from '../cose/algorithm.ts'
import { parseEnvelope, type CoseEnvelope } from '../cose/envelope.ts'
import { HeaderLabel } from '../cose/header.ts'
import { readHeaders, type CoseHeaders } from '../cose/headers.ts'
import { signEnvelope, type DigestSigner } from '../cose/sign.ts'
import { EatError } from '../errors.ts'
import { throwFirst } from '../finding.ts'
import { corimMaxLength, decodeCorim, type Corim } from './corim.ts'
import {
  optionalText,
  readValidity,
  refuse,
  requireMap,
  validityToCbor,
  type Validity,
} from './fields.ts'
import { CorimTag, EntityKey, MetaKey } from './tag.ts'

/** Content type in the protected header of a signed CoRIM. */
export const corimContentType = 'application/rim+cbor'

/** Who signed a CoRIM, as the CoRIM says. */
export interface CorimMeta {
  readonly signer: string
  readonly uri?: string | undefined
  readonly validity?: Validity | undefined
}

/** A signed CoRIM whose form is right. Nothing here says that its signature is. */
export interface SignedCorim {
  readonly envelope: CoseEnvelope
  readonly headers: CoseHeaders
  readonly algorithm: CoseAlgorithm
  /** Nothing when CWT claims stand in its place. */
  readonly meta: CorimMeta | undefined
  readonly corim: Corim
}

const signatureAlgorithms = Object.values<CoseAlgorithm>(coseAlgorithms).filter(
  ({ kind }) => kind === 'sign1',
)
const understood: ReadonlySet<CborValue> = new Set<CborValue>([
  HeaderLabel.corimMeta,
  HeaderLabel.cwtClaims,
])

/**
 * Reads a signed CoRIM: COSE_Sign1 with content type and meta data over a tagged CoRIM.
 * @throws EatError `E_CBOR_…`, `E_COSE_…`, `E_CORIM_TAG`, `E_CORIM_STRUCTURE`
 */
export function decodeSignedCorim(octets: Uint8Array, limits: CborLimits = {}): SignedCorim {
  const bounds = { maxLength: corimMaxLength, ...limits }
  const envelope = parseEnvelope(octets, bounds)
  if (envelope.kind !== 'sign1') {
    throw new EatError('E_CORIM_TAG', 'a signed CoRIM is a COSE_Sign1, not a COSE_Mac0')
  }
  const headers = readHeaders(envelope, { algorithms: signatureAlgorithms, understood })
  throwFirst(headers.findings)
  const { algorithm } = headers
  const { payload, protectedHeader } = envelope
  if (algorithm === undefined || payload === undefined) {
    throw new TypeError('headers without a finding have algorithm and payload')
  }
  if (protectedHeader.get(HeaderLabel.contentType) !== corimContentType) {
    refuse('E_CORIM_STRUCTURE', 'content type', `must be ${corimContentType}`)
  }
  const meta = protectedHeader.get(HeaderLabel.corimMeta)
  if (meta === undefined && !protectedHeader.has(HeaderLabel.cwtClaims)) {
    refuse('E_CORIM_STRUCTURE', 'protected header', 'has neither meta data nor CWT claims')
  }
  const base = payload.byteOffset - octets.byteOffset
  return {
    envelope,
    headers,
    algorithm,
    meta: meta === undefined ? undefined : readMeta(meta),
    corim: decodeCorim(payload, { ...bounds, base }),
  }
}

/** Signs a tagged CoRIM. */
export async function signCorim(
  corim: Uint8Array,
  signer: DigestSigner,
  about: {
    readonly meta: CorimMeta
    readonly keyId?: Uint8Array | undefined
    /** DER, the leaf first. */
    readonly certificateChain?: readonly Uint8Array[] | undefined
  },
): Promise<Uint8Array<ArrayBuffer>> {
  const { meta, keyId, certificateChain } = about
  const protectedHeader = cborMap(
    [HeaderLabel.contentType, corimContentType],
    [HeaderLabel.keyId, keyId],
    [HeaderLabel.corimMeta, encodeMeta(meta)],
    [HeaderLabel.certificateChain, certificateChain],
  )
  return signEnvelope({ payload: corim, protectedHeader }, signer)
}

function readMeta(value: CborValue): CorimMeta {
  const path = 'corim-meta'
  if (!(value instanceof Uint8Array)) {
    return refuse('E_CORIM_STRUCTURE', path, 'must be a byte string of CBOR')
  }
  const map = requireMap(decodeCbor(value), path)
  const entity = requireMap(map.get(MetaKey.signer), `${path}.signer`)
  const signer = optionalText(entity.get(EntityKey.name), `${path}.signer.name`)
  if (signer === undefined) return refuse('E_CORIM_STRUCTURE', `${path}.signer`, 'has no name')
  const uri = entity.get(EntityKey.uri)
  const validity = map.get(MetaKey.validity)
  return {
    signer,
    uri: optionalText(taggedValue(uri, CorimTag.uri) ?? uri, `${path}.signer.uri`),
    validity: validity === undefined ? undefined : readValidity(validity, `${path}.validity`),
  }
}

function encodeMeta({ signer, uri, validity }: CorimMeta): Uint8Array {
  const entity = cborMap(
    [EntityKey.name, signer],
    [EntityKey.uri, uri === undefined ? undefined : new CborTag(CorimTag.uri, uri)],
  )
  return encodeCbor(
    cborMap([MetaKey.signer, entity], [MetaKey.validity, validity && validityToCbor(validity)]),
  )
}
