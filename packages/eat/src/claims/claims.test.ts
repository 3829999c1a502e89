import { fromHex, Secret, seededRandom, toBase64, type JsonValue } from '@keyline/bytes'
import { generateCurveKeyPair, hashOf, signMessage } from '@keyline/crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeCbor } from '../cbor/encode.ts'
import { decodeCbor } from '../cbor/reader.ts'
import { CborFloat, cborMap, CborTag, type CborMap, type CborValue } from '../cbor/value.ts'
import { coseAlgorithms } from '../cose/algorithm.ts'
import { EatError } from '../errors.ts'
import { toBeAuthenticated } from '../cose/structure.ts'
import { verifyEnvelope } from '../cose/verify.ts'
import type { TokenClaims } from './claim.ts'
import {
  instanceIdMatches,
  instanceIdOf,
  keyIdOf,
  simulatedImplementationId,
  symmetricInstanceId,
} from './identity.ts'
import { claimsToJson, readClaimsJson } from './json.ts'
import { lifecycleState } from './lifecycle.ts'
import { macToken, signToken } from './make-token.ts'
import { decodeClaims, judgeClaims, readClaims } from './read.ts'
import { decodeToken, inspectToken } from './token.ts'
import { TokenProfile } from './token-profile.ts'
import { claimsToCbor, encodeClaims } from './write.ts'

const octets = (length: number, value = 0xab): Uint8Array => new Uint8Array(length).fill(value)
const instanceId = Uint8Array.of(0x01, ...octets(32))

const full: TokenClaims = {
  profile: TokenProfile.psa2023,
  nonce: octets(32),
  bootSeed: octets(8),
  instanceId,
  implementationId: octets(32, 1),
  clientId: -1,
  securityLifecycle: 0x3000,
  softwareComponents: [
    {
      measurementType: 'BL',
      measurementValue: octets(32, 2),
      version: '1.0.0',
      signerId: octets(48, 3),
      measurementDescription: 'sha-256',
    },
    { measurementValue: octets(64, 4), signerId: octets(32, 5) },
  ],
  verificationServiceIndicator: 'https://verifier.example',
  certificationReference: '0604565272829-10010',
}
const { certificationReference: _, ...withoutCertification } = full
const first: TokenClaims = {
  ...withoutCertification,
  profile: TokenProfile.psa1,
  bootSeed: octets(32),
  clientId: 0,
  hardwareVersion: '0604565272829',
}
const { softwareComponents: __, ...firstWithout } = first
const unmeasured: TokenClaims = {
  ...firstWithout,
  isProfileImplied: true,
  softwareComponents: [],
  noSoftwareMeasurements: 1,
}

/** Code and field of the refusal of these claims. */
function refusal(map: CborMap | CborValue): string {
  try {
    decodeClaims(encodeCbor(map))
    return 'none'
  } catch (error) {
    if (!(error instanceof EatError)) throw error
    return `${error.code} ${error.details['field']}`
  }
}

function changed(
  key: CborValue,
  value: CborValue | undefined,
  claims: TokenClaims = full,
): CborMap {
  const entries = [...claimsToCbor(claims)].filter(([one]) => one !== key)
  return cborMap(...entries, [key, value])
}

/** The claims with another second component. */
function component(...entries: ReadonlyArray<readonly [number, CborValue | undefined]>): CborMap {
  const good = [
    [2, octets(32)],
    [5, octets(32)],
  ] as const
  const given = new Set(entries.map(([key]) => key))
  const whole = cborMap(...good.filter(([key]) => !given.has(key)), ...entries)
  return changed(2399, [cborMap(...good), whole])
}

describe('the claims of a token', () => {
  it.each([
    ['RFC 9783', full],
    ['the profile of 2.0.0', { ...full, profile: TokenProfile.psa2 }],
    ['profile 1', first],
    ['profile 1 without measurements and profile claim', unmeasured],
  ] satisfies ReadonlyArray<readonly [string, TokenClaims]>)(
    'of %s are written and read in CBOR and JSON',
    (_, claims) => {
      expect(decodeClaims(encodeClaims(claims))).toEqual(claims)
      const reading = readClaimsJson(claimsToJson(claims), claims.profile)
      expect(reading).toEqual({ claims, profile: claims.profile, findings: [] })
    },
  )

  it('are written in the order of TF-M', () => {
    expect([...claimsToCbor(full).keys()]).toEqual([
      10, 268, 256, 2396, 2394, 2395, 2399, 265, 2400, 2398,
    ])
    expect([...claimsToCbor(unmeasured).keys()]).toEqual([
      -75008, -75004, -75009, -75003, -75001, -75002, -75007, -75010, -75005,
    ])
  })

  it.each([
    ['no map', [1], 'E_CLAIMS_NOT_MAP payload'],
    ['no claims', cborMap(), 'E_PROFILE_UNKNOWN eat-profile'],
    ['a profile of octets', changed(265, octets(3)), 'E_CLAIM_TYPE eat-profile'],
    ['an unknown profile', changed(265, 'urn:other'), 'E_PROFILE_UNKNOWN eat-profile'],
    [
      'the profile of the other claim',
      changed(265, 'PSA_IOT_PROFILE_1'),
      'E_PROFILE_UNKNOWN eat-profile',
    ],
    [
      'another profile 1',
      changed(-75000, 'PSA_IOT_PROFILE_2', first),
      'E_PROFILE_UNKNOWN psa-profile',
    ],
    ['no nonce', changed(10, undefined), 'E_CLAIM_MISSING psa-nonce'],
    ['a short nonce', changed(10, octets(31)), 'E_CLAIM_SIZE psa-nonce'],
    ['a list of nonces', changed(10, [octets(32)]), 'E_CLAIM_TYPE psa-nonce'],
    ['an instance id of another kind', changed(256, octets(33)), 'E_CLAIM_VALUE psa-instance-id'],
    ['a long instance id', changed(256, octets(34, 1)), 'E_CLAIM_SIZE psa-instance-id'],
    ['a long boot seed', changed(268, octets(33)), 'E_CLAIM_SIZE psa-boot-seed'],
    ['client id 0', changed(2394, 0), 'E_CLAIM_VALUE psa-client-id'],
    ['a client id of 33 bits', changed(2394, 2 ** 31), 'E_CLAIM_VALUE psa-client-id'],
    ['a client id of 64 bits', changed(2394, 2n ** 63n), 'E_CLAIM_VALUE psa-client-id'],
    ['a client id with a point', changed(2394, new CborFloat(1)), 'E_CLAIM_TYPE psa-client-id'],
    ['a negative life cycle', changed(2395, -1), 'E_CLAIM_TYPE psa-security-lifecycle'],
    ['a life cycle of no state', changed(2395, 0x0100), 'E_CLAIM_VALUE psa-security-lifecycle'],
    ['an empty indicator', changed(2400, ''), 'E_CLAIM_VALUE psa-verification-service-indicator'],
    ['a number as indicator', changed(2400, 1), 'E_CLAIM_TYPE psa-verification-service-indicator'],
    [
      'a bare product number',
      changed(2398, '0604565272829'),
      'E_CLAIM_VALUE psa-certification-reference',
    ],
    ['no components', changed(2399, undefined), 'E_SW_COMPONENTS_MISSING psa-software-components'],
    ['an empty list', changed(2399, []), 'E_SW_COMPONENTS_EMPTY psa-software-components'],
    ['components as a map', changed(2399, cborMap()), 'E_CLAIM_TYPE psa-software-components'],
    [
      'a component that is no map',
      changed(2399, [1]),
      'E_SW_COMPONENT_FIELD psa-software-components',
    ],
    [
      'a component without measurement',
      component([2, undefined]),
      'E_SW_COMPONENT_FIELD measurement-value',
    ],
    ['a short signer id', component([5, octets(16)]), 'E_SW_COMPONENT_FIELD signer-id'],
    ['a version of octets', component([4, octets(1)]), 'E_SW_COMPONENT_FIELD version'],
    [
      'components and none',
      changed(-75007, 1, first),
      'E_SW_COMPONENTS_AND_NO_MEASUREMENTS psa-software-components',
    ],
    ['two for none', changed(-75007, 2, unmeasured), 'E_CLAIM_VALUE psa-no-software-measurements'],
    [
      'a text for none',
      changed(-75007, 'x', unmeasured),
      'E_CLAIM_TYPE psa-no-software-measurements',
    ],
    ['an old hardware version', changed(-75005, 'abc', first), 'E_CLAIM_VALUE psa-hwver'],
  ] satisfies ReadonlyArray<readonly [string, CborValue, string]>)(
    'with %s are refused',
    (_, map, wanted) => {
      expect(refusal(map)).toBe(wanted)
    },
  )

  it('with more than they must have are taken, and what is unknown is left out', () => {
    expect(decodeClaims(encodeCbor(changed(99, [cborMap([1, null])])))).toEqual(full)
    expect(decodeClaims(encodeCbor(component([3, 1]))).softwareComponents).toHaveLength(2)
    expect(refusal(changed(2397, octets(1)))).toBe('none')
  })

  it('have all their findings with place and value', () => {
    const map = changed(2394, 0)
    const payload = encodeCbor(cborMap(...map, [268, octets(1)]))
    const { findings, claims } = readClaims(payload, { base: 100 })
    expect(claims).toBeUndefined()
    expect(findings.map(({ field, value, offset }) => [field, value, offset])).toEqual([
      ['psa-boot-seed', "h'ab'", 100 + payload.indexOf(0x41)],
      ['psa-client-id', '0', 100 + payload.length - 1],
    ])
    const bad = encodeCbor(component([5, octets(1)]))
    const [found] = readClaims(bad).findings
    expect([found?.index, found?.field]).toEqual([1, 'signer-id'])
    expect(() => decodeClaims(bad)).toThrow(`signer-id is h'ab': has 1 octets`)
    expect(decodeCbor(bad.subarray(found?.offset, (found?.offset ?? 0) + 2))).toEqual(octets(1))
  })

  it('of a hostile token are no longer looked at when enough was found', () => {
    const many = changed(
      2399,
      Array.from({ length: 900 }, () => cborMap()),
    )
    expect(readClaims(encodeCbor(many)).findings).toHaveLength(16)
    expect(readClaims(encodeCbor(many), { mostFindings: 3 }).findings).toHaveLength(3)
    const vast = encodeCbor(
      changed(
        99,
        Array.from({ length: 5000 }, () => []),
      ),
    )
    expect(() => readClaims(vast)).toThrow(expect.objectContaining({ code: 'E_SIZE_LIMIT' }))
  })

  it('may refuse the client id 0 in profile 1 too', () => {
    expect(refusal(claimsToCbor(first))).toBe('none')
    expect(() => decodeClaims(encodeClaims(first), { strictClientId: true })).toThrow('not 0')
  })

  it('are judged as the profile that is asked for', () => {
    const rules = judgeClaims(claimsToCbor(full), TokenProfile.psa2).findings.map(
      ({ rule, field }) => `${rule} ${field}`,
    )
    expect(rules).toEqual(['E_PROFILE_UNKNOWN eat-profile'])
    expect(judgeClaims(changed(265, undefined), TokenProfile.psa2).findings.at(0)?.rule).toBe(
      'E_PROFILE_UNKNOWN',
    )
  })
})

describe('claims in JSON', () => {
  const json = claimsToJson(full)

  it.each([
    ['octets that are no base64', { 'psa-nonce': '*' }, 'E_CLAIM_TYPE psa-nonce'],
    ['octets of another length', { 'psa-nonce': toBase64(octets(3)) }, 'E_CLAIM_SIZE psa-nonce'],
    ['a number with a fraction', { 'psa-client-id': 1.5 }, 'E_CLAIM_TYPE psa-client-id'],
    ['null', { 'psa-client-id': null }, 'E_CLAIM_TYPE psa-client-id'],
    ['an object', { 'psa-client-id': {} }, 'E_CLAIM_TYPE psa-client-id'],
    ['a list', { 'psa-nonce': [] }, 'E_CLAIM_TYPE psa-nonce'],
    [
      'components that are no list',
      { 'psa-software-components': {} },
      'E_CLAIM_TYPE psa-software-components',
    ],
    [
      'a component that is no object',
      { 'psa-software-components': ['x'] },
      'E_SW_COMPONENT_FIELD psa-software-components',
    ],
  ] satisfies ReadonlyArray<readonly [string, Readonly<Record<string, JsonValue>>, string]>)(
    'are refused with %s',
    (_, members, wanted) => {
      const [found] = readClaimsJson({ ...json, ...members }, TokenProfile.psa2023).findings
      expect(`${found?.rule} ${found?.field}`).toBe(wanted)
    },
  )

  it('that are no object have no claim at all', () => {
    expect(readClaimsJson([], TokenProfile.psa1).findings.at(0)?.rule).toBe('E_CLAIM_MISSING')
  })
})

const random = seededRandom('claims')
const pair = generateCurveKeyPair('P-256', random)

/** Signs a digest of which the message is known. */
async function token(
  claims: TokenClaims,
  headers: Parameters<typeof signToken>[2] = {},
): Promise<Uint8Array> {
  const algorithm = coseAlgorithms.ES256
  const payload = encodeClaims(claims)
  const certificate = headers.certificate
  const protectedOctets = encodeCbor(cborMap([1, -7], [33, certificate]))
  const message = toBeAuthenticated({ kind: 'sign1', protectedOctets, payload })
  const signDigest = (digest: Uint8Array): Uint8Array => {
    expect(digest).toEqual(hashOf('SHA-256', message))
    return signMessage(pair, { message })
  }
  return signToken(claims, { algorithm, signDigest }, headers)
}

describe('a token', () => {
  it('is made, decoded and verified', async () => {
    const made = await token(full, { certificate: octets(5), withKeyId: true })
    const { envelope, algorithm, claims, keyId, certificateChain } = decodeToken(made)
    expect(claims).toEqual(full)
    expect([keyId, certificateChain]).toEqual([octets(32), [octets(5)]])
    verifyEnvelope(envelope, { algorithm, key: { type: 'ec', publicKey: pair.publicKey } })
  })

  it.each(['HS256', 'HS384', 'HS512'] as const)('is made with %s', (name) => {
    const secret = new Secret(octets(32))
    const { envelope, algorithm } = decodeToken(macToken(full, secret, name))
    expect(algorithm).toBe(coseAlgorithms[name])
    verifyEnvelope(envelope, { algorithm, key: { type: 'symmetric', secret } })
  })

  it('is inspected through all its defects', async () => {
    const made = await token({ ...full, clientId: 0 })
    expect(inspectToken(made).findings.map(({ rule }) => rule)).toEqual(['E_CLAIM_VALUE'])
    const withoutHeader = encodeCbor(
      new CborTag(18, [new Uint8Array(), cborMap(), encodeCbor(cborMap()), octets(64)]),
    )
    const inspected = inspectToken(withoutHeader)
    expect(inspected.findings.map(({ rule }) => rule)).toEqual([
      'E_COSE_ALG_MISSING',
      'E_PROFILE_UNKNOWN',
    ])
    expect(() => decodeToken(withoutHeader)).toThrow(
      expect.objectContaining({ code: 'E_COSE_ALG_MISSING' }),
    )
    const cut = inspectToken(made.subarray(0, 100))
    expect([cut.envelope, cut.findings.map(({ rule, offset }) => [rule, offset])]).toEqual([
      undefined,
      [['E_CBOR_TRUNCATED', 7]],
    ])
    const broken = encodeCbor(
      new CborTag(18, [fromHex('a10126'), cborMap(), fromHex('1c'), octets(64)]),
    )
    expect(inspectToken(broken).findings.map(({ rule, offset }) => [rule, offset])).toEqual([
      ['E_CBOR_MALFORMED', 8],
    ])
    const detached = encodeCbor(new CborTag(18, [fromHex('a10126'), cborMap(), null, octets(64)]))
    expect(inspectToken(detached).findings.map(({ rule }) => rule)).toEqual(['E_COSE_DETACHED'])
  })

  it('holds its size limit', async () => {
    const made = await token(full)
    expect(() => decodeToken(made, { maxLength: made.length - 1 })).toThrow(
      expect.objectContaining({ code: 'E_SIZE_LIMIT' }),
    )
  })

  it('with any octet changed is refused, or says something else of its own', async () => {
    const made = await token(full)
    fc.assert(
      fc.property(fc.nat(made.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const other = Uint8Array.from(made)
        other[place] = (other[place] ?? 0) ^ change
        const { findings, reading } = inspectToken(other)
        if (findings.length > 0) return
        const claims = reading?.claims
        expect(claims && decodeClaims(encodeClaims(claims))).toEqual(claims)
      }),
    )
  })
})

describe('identities', () => {
  it('of a key are its hashes in three forms', () => {
    const id = instanceIdOf(pair.publicKey)
    expect([id.length, id[0]]).toEqual([33, 1])
    expect(instanceIdMatches(id, pair.publicKey)).toEqual(['sha256(COSE_Key)'])
    expect(
      instanceIdMatches(
        instanceIdOf(pair.publicKey, 'sha256(SubjectPublicKeyInfo)'),
        pair.publicKey,
      ),
    ).toEqual(['sha256(SubjectPublicKeyInfo)'])
    expect(instanceIdMatches(instanceId, pair.publicKey)).toEqual([])
    expect(keyIdOf(id)).toEqual(id.subarray(1))
    expect(symmetricInstanceId(new Secret(octets(32)))).toHaveLength(33)
  })

  it('of a simulated chip depend on part and boot ROM', () => {
    const chip = { partName: 'U385', bootRomVersion: '1.0' }
    const id = simulatedImplementationId(chip)
    expect(id).toEqual(hashOf('SHA-256', new TextEncoder().encode('STM32U3851.0')))
  })

  it('of life cycles are ranges of 256 values', () => {
    expect(
      [0x00ff, 0x3000, 0x30ff, 0x4001, 0x60ff].map((value) => lifecycleState(value)?.name),
    ).toEqual(['unknown', 'secured', 'secured', 'non-psa-rot-debug', 'decommissioned'])
    expect([0x0100, 0x2fff, 0x7000].map(lifecycleState)).toEqual([undefined, undefined, undefined])
  })
})
