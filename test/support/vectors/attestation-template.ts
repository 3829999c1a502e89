import { fromBase64, fromBase64url, fromHex } from '@keyline/bytes'
import {
  cborMap,
  CborTag,
  encodeComid,
  type CborValue,
  type Corim,
  type CorimEntity,
  type Environment,
  type Measurement,
  type Triple,
} from '@keyline/eat'
import type { VectorReader } from './vector-reader.ts'

/** Tags of values in the JSON templates of the authoring tool `cocli`. */
const tags: Readonly<Record<string, number>> = {
  bytes: 560,
  ueid: 550,
  'pkix-base64-key': 554,
  'psa.impl-id': 600,
}

const roles: Readonly<Record<string, number>> = {
  tagCreator: 0,
  creator: 1,
  maintainer: 2,
  manifestCreator: 1,
}

/** The CoMID that a template stands for. */
export function comidOfTemplate(template: VectorReader): Uint8Array {
  const triples = template.object('triples')
  return encodeComid({
    language: template.text('lang'),
    tagId: uuid(template.object('tag-identity').text('id')),
    entities: template.objects('entities').map(entityOf),
    triples: [
      ...(triples.has('reference-values')
        ? triples.objects('reference-values').map(referenceOf)
        : []),
      ...(triples.has('attester-verification-keys')
        ? triples.objects('attester-verification-keys').map(attestKeyOf)
        : []),
    ],
  })
}

/** The CoRIM that a template stands for, around a CoMID of nothing. */
export function corimOfTemplate(template: VectorReader): Corim {
  const validity = template.object('validity')
  return {
    id: uuid(template.text('corim-id')),
    profile: { type: 'uri', uri: template.object('profile').text('value') },
    validity: {
      notBefore: Date.parse(validity.text('not-before')) / 1000,
      notAfter: Date.parse(validity.text('not-after')) / 1000,
    },
    entities: template.objects('entities').map(entityOf),
    tags: [{ tag: 506, octets: new Uint8Array() }],
  }
}

function entityOf(entity: VectorReader): CorimEntity {
  return {
    name: entity.text('name'),
    uri: entity.text('regid'),
    roles: entity.texts('roles').map((role) => roles[role] ?? -1),
  }
}

function referenceOf(triple: VectorReader): Triple {
  return {
    kind: 'reference',
    environment: environmentOf(triple.object('environment')),
    measurements: triple.objects('measurements').map(measurementOf),
  }
}

/** The tool of the older profile writes these keys among the identity triples. */
function attestKeyOf(triple: VectorReader): Triple {
  const isOld = triple.object('environment').object('class').object('id').text('type') !== 'bytes'
  return {
    kind: isOld ? 'identity' : 'attestKey',
    environment: environmentOf(triple.object('environment')),
    keys: triple.objects('verification-keys').map(taggedOf),
  }
}

function environmentOf(environment: VectorReader): Environment {
  const named = environment.object('class')
  return {
    classId: taggedOf(named.object('id')),
    vendor: named.text('vendor'),
    model: named.text('model'),
    instance: environment.has('instance') ? taggedOf(environment.object('instance')) : undefined,
  }
}

function measurementOf(measurement: VectorReader): Measurement {
  const value = measurement.object('value')
  const key = measurement.object('key')
  const digests = value.list('digests').map(digestOf)
  const cryptoKeys = value.has('cryptokeys') ? value.objects('cryptokeys').map(taggedOf) : undefined
  return {
    key: key.text('type') === 'string' ? key.text('value') : referenceKey(key.object('value')),
    values: cborMap([2, digests], [13, cryptoKeys]),
  }
}

/** `[1, "…"]`, or `sha-256;…`, in either base64. */
function digestOf(digest: unknown): CborValue {
  const parts: readonly unknown[] = Array.isArray(digest) ? digest : String(digest).split(/[:;]/)
  const [algorithm, text] = parts
  const digits = String(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
  return [algorithm === 'sha-256' ? 1 : Number(algorithm), fromBase64url(digits)]
}

/** Key of reference values in the older profile. */
function referenceKey(key: VectorReader): CborTag {
  const signer = fromBase64(key.text('signer-id'))
  return new CborTag(601, cborMap([1, key.text('label')], [4, key.text('version')], [5, signer]))
}

function taggedOf(typed: VectorReader): CborTag {
  const type = typed.text('type')
  const text = typed.text('value')
  return new CborTag(tags[type] ?? 0, type === 'pkix-base64-key' ? text : fromBase64(text))
}

function uuid(text: string): Uint8Array {
  return fromHex(text.replaceAll('-', '').toLowerCase())
}
