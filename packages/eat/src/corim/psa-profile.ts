import { cborExcerpt } from '../cbor/diagnostic.ts'
import type { CborLimits } from '../cbor/reader.ts'
import { isCborArray, isCborMap, taggedValue, type CborMap, type CborValue } from '../cbor/value.ts'
import type { CurvePublicKey } from '@keyline/crypto'
import { readComid, type Environment, type Measurement, type Triple } from './comid.ts'
import type { Corim } from './corim.ts'
import { refuse } from './fields.ts'
import { readKeyText } from './key-text.ts'
import { CorimTag, TripleKey, ValueKey, VersionKey } from './tag.ts'

/** Profile of endorsements for PSA tokens (attestation-verifier 4.2). */
export const psaCorimProfile = 'tag:arm.com,2025:psa#1.0.0'
export const softwareComponentKey = 'psa.software-component'
export const certificationKey = 'psa.certification'
/** Key of the certification number among the values of a measurement. */
export const certificationNumber = 100

/** Hash functions of digests: their text, and their numbers in the Named Information registry. */
export const digestAlgorithms = [
  { name: 'sha-256', number: 1, length: 32 },
  { name: 'sha-384', number: 7, length: 48 },
  { name: 'sha-512', number: 8, length: 64 },
] as const
export type DigestAlgorithm = (typeof digestAlgorithms)[number]['name']

export interface PsaDigest {
  /** Nothing when it is another one. */
  readonly algorithm: DigestAlgorithm | undefined
  /** 32, 48 or 64 octets. */
  readonly value: Uint8Array
}

/** Expected measurement of one piece of software of an implementation. */
export interface PsaReferenceValue {
  readonly implementationId: Uint8Array
  readonly vendor?: string | undefined
  readonly model?: string | undefined
  readonly digests: readonly PsaDigest[]
  readonly signerId: Uint8Array
  /** Compared with the measurement type of a component. */
  readonly name?: string | undefined
  readonly version?: string | undefined
}

/** Key with which one device signs its tokens. */
export interface PsaTrustAnchor {
  readonly implementationId: Uint8Array
  readonly vendor?: string | undefined
  readonly model?: string | undefined
  readonly instanceId: Uint8Array
  readonly publicKey: CurvePublicKey
}

/** Certification that holds when the conditions do. */
export interface PsaCertification {
  readonly implementationId: Uint8Array
  /** 13 digits, `-`, 5 digits; blanks are taken out. */
  readonly number: string
  readonly conditions: Extract<Triple, { readonly kind: 'conditional' }>['conditions']
}

/** What a CoRIM says of PSA devices, one statement after the other. */
export type PsaStatement = { readonly path: string } & (
  | { readonly kind: 'reference-value'; readonly value: PsaReferenceValue }
  | { readonly kind: 'trust-anchor'; readonly value: PsaTrustAnchor }
  | { readonly kind: 'certification'; readonly value: PsaCertification }
  /** Kept and not used: a warning. */
  | { readonly kind: 'ignored'; readonly what: string }
)

export interface PsaReadOptions extends CborLimits {
  /** Brings triples of another way of writing into that of the profile, before they are judged. */
  readonly convert?: ((triple: Triple, path: string) => readonly Triple[]) | undefined
}

/** @throws EatError `E_CORIM_PROFILE_MISSING`, `E_CORIM_PROFILE_UNSUPPORTED` */
export function requirePsaProfile({ profile }: Corim): void {
  const path = 'corim.profile'
  if (profile === undefined) return refuse('E_CORIM_PROFILE_MISSING', path, 'is missing')
  if (profile.type === 'uri' && profile.uri === psaCorimProfile) return
  const found = profile.type === 'uri' ? JSON.stringify(profile.uri) : 'an object identifier'
  refuse('E_CORIM_PROFILE_UNSUPPORTED', path, `is ${found}, not ${psaCorimProfile}`)
}

/**
 * Reads the statements of a CoRIM one by one, so that memory does not grow with it: what was given out before a
 * refusal must be taken back. @throws EatError `E_CORIM_…`, `E_CBOR_…`
 */
export function* readPsaStatements(
  corim: Corim,
  options: PsaReadOptions = {},
): Generator<PsaStatement> {
  requirePsaProfile(corim)
  yield* readPsaTags(corim, options)
}

/** The same, whatever the profile of the CoRIM says. */
export function* readPsaTags(corim: Corim, options: PsaReadOptions): Generator<PsaStatement> {
  for (const key of corim.ignored ?? []) {
    yield { kind: 'ignored', path: 'corim', what: `member ${cborExcerpt(key)}` }
  }
  for (const [index, { tag, octets }] of corim.tags.entries()) {
    const path = `corim.tags[${index}]`
    if (tag === CorimTag.comid) yield* readPsaComid(octets, { ...options, path })
    else yield { kind: 'ignored', path, what: `tag ${tag}` }
  }
}

/** The statements of one CoMID. @throws EatError `E_CORIM_…`, `E_CBOR_…` */
export function* readPsaComid(
  octets: Uint8Array,
  options: PsaReadOptions & { readonly path?: string | undefined } = {},
): Generator<PsaStatement> {
  for (const event of readComid(octets, options)) {
    if (event.type === 'header') continue
    const { triple, path } = event
    for (const one of options.convert?.(triple, path) ?? [triple]) yield* statementsOf(one, path)
  }
}

function* statementsOf(triple: Triple, path: string): Generator<PsaStatement> {
  switch (triple.kind) {
    case 'reference': {
      const about = classOf(triple.environment, path)
      if (triple.environment.instance !== undefined) {
        refuse('E_CORIM_INSTANCE_UNEXPECTED', path, 'names an instance')
      }
      if (triple.measurements.length === 0) refuse('E_CORIM_MKEY', path, 'has no measurement')
      for (const [index, measurement] of triple.measurements.entries()) {
        const place = `${path}.measurements[${index}]`
        const value = { ...about, ...referenceOf(measurement, place) }
        yield { kind: 'reference-value', path: place, value }
      }
      return
    }
    case 'attestKey':
      yield { kind: 'trust-anchor', path, value: anchorOf(triple, path) }
      return
    case 'conditional':
      yield* certificationsOf(triple, path)
      return
    case 'other':
      if (triple.key === TripleKey.draftConditional) {
        refuse('E_CORIM_MVAL', path, 'is a conditional endorsement under the key 9 of a draft')
      }
      yield { kind: 'ignored', path, what: `triples of the kind ${cborExcerpt(triple.key)}` }
      return
    case 'endorsed':
    case 'identity':
      classOf(triple.environment, path)
      yield { kind: 'ignored', path, what: `a triple of the kind ${triple.kind}` }
      return
    default:
      triple satisfies never
  }
}

function classOf({ classId, vendor, model }: Environment, path: string) {
  const place = `${path}.environment.class.id`
  const octets = taggedValue(classId, CorimTag.bytes)
  if (!(octets instanceof Uint8Array)) {
    const found = classId === undefined ? 'is missing' : `is ${cborExcerpt(classId)}`
    return refuse('E_CORIM_CLASS_ID_TYPE', place, `${found}; it must be octets under tag 560`)
  }
  if (octets.length !== 32) {
    return refuse('E_CORIM_CLASS_ID_SIZE', place, `has ${octets.length} octets, not 32`)
  }
  return { implementationId: octets, vendor, model }
}

function referenceOf({ key, values }: Measurement, path: string) {
  if (key !== softwareComponentKey) {
    const found = key === undefined ? 'is missing' : `is ${cborExcerpt(key)}`
    refuse('E_CORIM_MKEY', `${path}.mkey`, `${found}; it must be ${softwareComponentKey}`)
  }
  return {
    digests: digestsOf(values.get(ValueKey.digests), `${path}.digests`),
    signerId: signerOf(values.get(ValueKey.cryptoKeys), `${path}.cryptokeys`),
    name: textOf(values.get(ValueKey.name), `${path}.name`),
    version: versionOf(values.get(ValueKey.version), `${path}.version`),
  }
}

function digestsOf(value: CborValue | undefined, path: string): readonly PsaDigest[] {
  if (!isCborArray(value) || value.length === 0) {
    return refuse('E_CORIM_MVAL', path, 'must be a list of pairs of algorithm and value')
  }
  const digests = value.map((item, index) => digestOf(item, `${path}[${index}]`))
  const names = value.map((item) => (isCborArray(item) ? (nameOf(item[0]) ?? item[0]) : undefined))
  if (new Set(names).size < names.length) {
    refuse('E_CORIM_MVAL', path, 'names an algorithm twice')
  }
  return digests
}

function digestOf(value: CborValue, path: string): PsaDigest {
  const [id, octets] = isCborArray(value) && value.length === 2 ? value : []
  const isNamed = typeof id === 'string' || typeof id === 'number'
  if (!isNamed || !(octets instanceof Uint8Array)) {
    return refuse('E_CORIM_MVAL', path, 'must be a pair of algorithm and value')
  }
  const algorithm = nameOf(id)
  const wanted = digestAlgorithms.find(({ name }) => name === algorithm)?.length
  if (!isHashLength(octets.length) || (wanted ?? octets.length) !== octets.length) {
    const lengths = wanted === undefined ? '32, 48 or 64' : String(wanted)
    refuse('E_CORIM_MVAL', path, `has ${octets.length} octets, not ${lengths}`)
  }
  return { algorithm, value: octets }
}

function nameOf(id: CborValue | undefined): DigestAlgorithm | undefined {
  return digestAlgorithms.find(({ name, number }) => id === name || id === number)?.name
}

function signerOf(value: CborValue | undefined, path: string): Uint8Array {
  const [only, ...others] = isCborArray(value) ? value : []
  const octets = taggedValue(only, CorimTag.bytes)
  if (others.length === 0 && octets instanceof Uint8Array && isHashLength(octets.length)) {
    return octets
  }
  const message = 'must be a list of one signer id, 32, 48 or 64 octets under tag 560'
  return refuse('E_CORIM_MVAL', path, message)
}

function textOf(value: CborValue | undefined, path: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  return refuse('E_CORIM_MVAL', path, `is ${cborExcerpt(value)}; it must be a text`)
}

function versionOf(value: CborValue | undefined, path: string): string | undefined {
  if (value === undefined) return undefined
  const text = isCborMap(value) ? value.get(VersionKey.text) : undefined
  if (typeof text === 'string' && isCborMap(value) && !value.has(VersionKey.scheme)) return text
  return refuse('E_CORIM_MVAL', path, 'must be a map with the text alone, without a scheme')
}

function anchorOf(
  { environment, keys }: Extract<Triple, { readonly keys: unknown }>,
  path: string,
): PsaTrustAnchor {
  const about = classOf(environment, path)
  const instanceId = instanceOf(environment.instance, `${path}.environment.instance`)
  const [key, ...others] = keys
  if (key === undefined || others.length > 0) {
    return refuse('E_CORIM_KEY_COUNT', `${path}.keys`, `has ${keys.length} keys, not one`)
  }
  const text = taggedValue(key, CorimTag.publicKey)
  if (typeof text !== 'string') {
    const message = `is ${cborExcerpt(key)}; it must be a text under tag 554`
    return refuse('E_CORIM_KEY_TYPE', `${path}.keys[0]`, message)
  }
  const publicKey = readKeyText(text)
  if (publicKey !== undefined) return { ...about, instanceId, publicKey }
  const message = 'is no SubjectPublicKeyInfo on P-256, P-384 or P-521, as PEM or base64'
  return refuse('E_CORIM_KEY_PARSE', `${path}.keys[0]`, message)
}

function instanceOf(value: CborValue | undefined, path: string): Uint8Array {
  if (value === undefined) return refuse('E_CORIM_INSTANCE_MISSING', path, 'is missing')
  const ueid = taggedValue(value, CorimTag.ueid)
  if (ueid instanceof Uint8Array && ueid.length === 33 && ueid[0] === 0x01) return ueid
  const message = `is ${cborExcerpt(value)}; it must be 33 octets, the first 01, under tag 550`
  return refuse('E_CORIM_INSTANCE_TYPE', path, message)
}

function* certificationsOf(
  { conditions, endorsements }: Extract<Triple, { readonly kind: 'conditional' }>,
  path: string,
): Generator<PsaStatement> {
  for (const { environment, measurements } of endorsements) {
    for (const { key, values } of measurements) {
      if (key !== certificationKey) {
        const what = `a conditional endorsement of ${key === undefined ? 'no key' : cborExcerpt(key)}`
        yield { kind: 'ignored', path, what }
        continue
      }
      const { implementationId } = classOf(environment, path)
      const value = { implementationId, number: numberOf(values, path), conditions }
      yield { kind: 'certification', path, value }
    }
  }
}

function numberOf(values: CborMap, path: string): string {
  const value = values.get(certificationNumber)
  const text = typeof value === 'string' ? value.replaceAll(' ', '') : ''
  if (/^\d{13}-\d{5}$/.test(text)) return text
  return refuse('E_CORIM_MVAL', `${path}.certification`, 'must be 13 digits, "-" and 5 digits')
}

function isHashLength(length: number): boolean {
  return length === 32 || length === 48 || length === 64
}
