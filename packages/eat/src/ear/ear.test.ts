import type { JsonValue } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { encodeCbor } from '../cbor/encode.ts'
import { decodeCbor } from '../cbor/reader.ts'
import { CborFloat, cborMap, CborTag, isCborMap, type CborValue } from '../cbor/value.ts'
import { EatError } from '../errors.ts'
import { decodeEar, encodeEar } from './cbor.ts'
import { earToJson, readEar } from './json.ts'
import type { AttestationResult } from './result.ts'
import { readTier, tierOf, worstTier } from './tier.ts'

const appraisal = {
  status: 'warning',
  vector: { 'instance-identity': 2, executables: 33, hardware: -1 },
  policyIds: ['policy:PSA_IOT'],
  annotatedEvidence: { 'psa-client-id': 1, list: [1.5, null, true, 'x', {}], __proto__: null },
  policyClaims: { problem: 'none' },
  keyAttestation: { akpub: 'AQ' },
} as const
const result: AttestationResult = {
  dialect: 'veraison-2023',
  profile: 'tag:github.com,2023:veraison/ear',
  issuedAt: 1_666_529_184,
  expiresAt: 1_666_529_484,
  verifierId: { developer: 'https://keyline.example', build: 'keyline 0.1.0' },
  rawEvidence: Uint8Array.of(1, 2, 3),
  nonce: 'QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=',
  submods: new Map([['PSA_IOT', appraisal]]),
}
const ofWorkingGroup: AttestationResult = {
  ...result,
  dialect: 'ietf-2026-03',
  profile: 'tag:ietf.org,2026:rats/ear#03',
  status: 'warning',
  submods: new Map([
    [
      'PSA_IOT',
      { ...appraisal, policyIds: ['a', 'b'], profile: 'urn:psa', nonce: 'QEFCQ0RFRkdISQ==' },
    ],
  ]),
}

function code(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    if (error instanceof EatError) return error.code
    throw error
  }
}

describe('an attestation result', () => {
  it.each([
    ['of 2023', result],
    ['of the working group', ofWorkingGroup],
  ])('in the dialect %s is written and read in JSON and CBOR', (_, one) => {
    expect(readEar(earToJson(one))).toEqual(one)
    expect(decodeEar(encodeEar(one))).toEqual(one)
  })

  it('has in JSON the names of its dialect', () => {
    expect(Object.keys(earToJson(result))).toEqual([
      'eat_profile',
      'iat',
      'exp',
      'ear.verifier-id',
      'eat_nonce',
      'ear.raw-evidence',
      'submods',
    ])
    expect(Object.keys(earToJson({ ...ofWorkingGroup, profile: undefined }))).toEqual([
      'eat_profile',
      'iat',
      'exp',
      'ear_verifier_id',
      'eat_nonce',
      'ear_raw_evidence',
      'ear_status',
      'submods',
    ])
  })

  const json = earToJson(result)
  const submod = (members: Readonly<Record<string, JsonValue>>): JsonValue => ({
    ...json,
    submods: { A: { 'ear.status': 'none', ...members } },
  })

  it.each([
    ['no object', [], 'E_EAR_MISSING'],
    ['no profile', { ...json, eat_profile: null }, 'E_EAR_PROFILE'],
    ['another profile', { ...json, eat_profile: 'urn:other' }, 'E_EAR_PROFILE'],
    ['a time that is no integer', { ...json, iat: 1.5 }, 'E_EAR_MISSING'],
    ['a time as text', { ...json, exp: 'x' }, 'E_EAR_MISSING'],
    [
      'a verifier without a build',
      { ...json, 'ear.verifier-id': { developer: 'x' } },
      'E_EAR_MISSING',
    ],
    ['raw evidence that is no base64url', { ...json, 'ear.raw-evidence': '*' }, 'E_EAR_MISSING'],
    ['raw evidence of another type', { ...json, 'ear.raw-evidence': 1 }, 'E_EAR_MISSING'],
    ['a short nonce', { ...json, eat_nonce: 'abcdefg' }, 'E_EAR_NONCE'],
    ['a long nonce', { ...json, eat_nonce: 'a'.repeat(89) }, 'E_EAR_NONCE'],
    ['a list of nonces', { ...json, eat_nonce: [] }, 'E_EAR_NONCE'],
    ['no parts', { ...json, submods: {} }, 'E_EAR_MISSING'],
    ['a part that is no object', { ...json, submods: { A: 1 } }, 'E_EAR_MISSING'],
    ['another status', submod({ 'ear.status': 'good' }), 'E_EAR_STATUS'],
    ['a status number of no tier', submod({ 'ear.status': 3 }), 'E_EAR_STATUS'],
    ['a vector that is none', submod({ 'ear.trustworthiness-vector': [] }), 'E_EAR_CLAIM_RANGE'],
    [
      'a claim with a fraction',
      submod({ 'ear.trustworthiness-vector': { hardware: 1.5 } }),
      'E_EAR_CLAIM_RANGE',
    ],
    [
      'a claim out of range',
      submod({ 'ear.trustworthiness-vector': { hardware: 128 } }),
      'E_EAR_CLAIM_RANGE',
    ],
    [
      'a claim as text',
      submod({ 'ear.trustworthiness-vector': { hardware: '2' } }),
      'E_EAR_CLAIM_RANGE',
    ],
    ['a policy that is no text', submod({ 'ear.appraisal-policy-id': 1 }), 'E_EAR_MISSING'],
  ] satisfies ReadonlyArray<readonly [string, JsonValue, string]>)(
    'is refused with %s',
    (_, claims, wanted) => {
      expect(code(() => readEar(claims))).toBe(wanted)
    },
  )

  it('without a mandatory member is refused', () => {
    for (const name of ['eat_profile', 'iat', 'ear.verifier-id', 'submods']) {
      const others = Object.fromEntries(Object.entries(json).filter(([one]) => one !== name))
      expect(() => readEar(others)).toThrow(name)
    }
    expect(code(() => readEar({ ...json, submods: { A: {} } }))).toBe('E_EAR_MISSING')
  })

  it('of the working group has a list of policies that is not empty', () => {
    const claims = earToJson(ofWorkingGroup)
    const submods = { A: { ear_status: 2, ear_appraisal_policy_ids: [] } }
    expect(code(() => readEar({ ...claims, submods }))).toBe('E_EAR_MISSING')
  })
})

/** The result with another member. */
function changed(key: number, value: CborValue | undefined): Uint8Array {
  const map = decodeCbor(encodeEar(result))
  const entries = isCborMap(map) ? [...map].filter(([one]) => one !== key) : []
  return encodeCbor(cborMap(...entries, [key, value]))
}

describe('an attestation result in CBOR', () => {
  it.each([
    ['no map', encodeCbor([]), 'E_EAR_MISSING'],
    ['another profile', changed(265, 'urn:other'), 'E_EAR_PROFILE'],
    ['no profile', changed(265, undefined), 'E_EAR_MISSING'],
    ['a short nonce', changed(10, new Uint8Array(7)), 'E_EAR_NONCE'],
    ['a nonce as text', changed(10, 'abcdefgh'), 'E_EAR_NONCE'],
    ['a verifier that is no map', changed(1004, 1), 'E_EAR_MISSING'],
    ['parts that are no map', changed(266, []), 'E_EAR_MISSING'],
    ['a part that is no map', changed(266, cborMap(['A', 1])), 'E_EAR_MISSING'],
    [
      'a vector that is no map',
      changed(266, cborMap(['A', cborMap([1000, 0], [1001, []])])),
      'E_EAR_CLAIM_RANGE',
    ],
  ])('is refused with %s', (_, octets, wanted) => {
    expect(code(() => decodeEar(octets))).toBe(wanted)
  })

  it('keeps extensions as JSON', () => {
    const evidence = cborMap(
      ['a', Uint8Array.of(1)],
      [7, new CborFloat(NaN)],
      ['t', new CborTag(1, 5)],
      ['__proto__', [null]],
    )
    const submods = cborMap([3, cborMap([1000, 2], [-70000, evidence])])
    const { annotatedEvidence } = decodeEar(changed(266, submods)).submods.get('3') ?? {}
    expect(JSON.stringify(annotatedEvidence)).toBe(
      '{"7":null,"a":"AQ","t":"1(5)","__proto__":[null]}',
    )
  })

  it('has no form for a nonce that is no base64url', () => {
    expect(code(() => encodeEar({ ...result, nonce: '********' }))).toBe('E_EAR_NONCE')
  })
})

describe('tiers', () => {
  it('are ranges of claim values', () => {
    expect([-128, -97, -96, -33, -32, -2, -1, 1, 2, 31, 32, 95, 96].map(tierOf)).toEqual([
      'contraindicated',
      'contraindicated',
      'warning',
      'warning',
      'affirming',
      'affirming',
      'none',
      'none',
      'affirming',
      'affirming',
      'warning',
      'warning',
      'contraindicated',
    ])
  })

  it('of a vector is the worst of its claims', () => {
    expect(worstTier({})).toBe('none')
    expect(worstTier({ hardware: 2, executables: 33 })).toBe('warning')
    expect([readTier('affirming'), readTier(96), readTier(1)]).toEqual([
      'affirming',
      'contraindicated',
      undefined,
    ])
  })
})
