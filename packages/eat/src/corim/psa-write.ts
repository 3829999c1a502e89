import { CborTag, cborMap } from '../cbor/value.ts'
import { encodeComid, type Comid, type Environment, type Triple } from './comid.ts'
import { encodeCorim, type Corim } from './corim.ts'
import { keyText } from './key-text.ts'
import {
  digestAlgorithms,
  psaCorimProfile,
  softwareComponentKey,
  type PsaReferenceValue,
  type PsaTrustAnchor,
} from './psa-profile.ts'
import { CorimTag, ValueKey, VersionKey } from './tag.ts'

/** What a batch of devices is endorsed with. */
export interface PsaCorimInput
  extends Pick<Corim, 'id' | 'validity' | 'entities'>, Pick<Comid, 'tagId' | 'language'> {
  readonly referenceValues?: readonly PsaReferenceValue[] | undefined
  readonly trustAnchors?: readonly PsaTrustAnchor[] | undefined
}

/** An unsigned CoRIM of the PSA profile with one CoMID. */
export function encodePsaCorim(input: PsaCorimInput): Uint8Array<ArrayBuffer> {
  const { id, validity, entities, tagId, language } = input
  const triples = [
    ...(input.referenceValues ?? []).map(referenceTriple),
    ...(input.trustAnchors ?? []).map(anchorTriple),
  ]
  const comid = encodeComid({ language, tagId, entities, triples })
  return encodeCorim({
    id,
    tags: [{ tag: CorimTag.comid, octets: comid }],
    profile: { type: 'uri', uri: psaCorimProfile },
    validity,
    entities,
  })
}

function referenceTriple(value: PsaReferenceValue): Triple {
  const { digests, signerId, name, version } = value
  const values = cborMap(
    [ValueKey.version, version === undefined ? undefined : cborMap([VersionKey.text, version])],
    [ValueKey.digests, digests.map(({ algorithm, value }) => [numberOf(algorithm), value])],
    [ValueKey.name, name],
    [ValueKey.cryptoKeys, [new CborTag(CorimTag.bytes, signerId)]],
  )
  const environment = environmentOf(value)
  return { kind: 'reference', environment, measurements: [{ key: softwareComponentKey, values }] }
}

function anchorTriple(anchor: PsaTrustAnchor): Triple {
  const instance = new CborTag(CorimTag.ueid, anchor.instanceId)
  const keys = [new CborTag(CorimTag.publicKey, keyText(anchor.publicKey))]
  return { kind: 'attestKey', environment: { ...environmentOf(anchor), instance }, keys }
}

function environmentOf(about: PsaReferenceValue | PsaTrustAnchor): Environment {
  const { implementationId, vendor, model } = about
  return { classId: new CborTag(CorimTag.bytes, implementationId), vendor, model }
}

/** The number and not the text: the tools of the reference project write it so. */
function numberOf(algorithm: PsaReferenceValue['digests'][number]['algorithm']): number {
  const known = digestAlgorithms.find(({ name }) => name === algorithm)
  if (known === undefined) throw new TypeError('a digest of an unknown algorithm is not written')
  return known.number
}
