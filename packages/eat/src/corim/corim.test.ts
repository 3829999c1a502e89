import { seededRandom } from '@keyline/bytes'
import { generateCurveKeyPair, signMessage } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { encodeCbor } from '../cbor/encode.ts'
import { decodeCbor } from '../cbor/reader.ts'
import { cborMap, CborTag, type CborValue } from '../cbor/value.ts'
import { coseAlgorithms } from '../cose/algorithm.ts'
import { encodeEnvelope, encodeProtected } from '../cose/envelope.ts'
import { toBeAuthenticated } from '../cose/structure.ts'
import { verifyEnvelope } from '../cose/verify.ts'
import { EatError } from '../errors.ts'
import { decodeCorim, encodeCorim, isSignedCorim, type Corim } from './corim.ts'
import {
  psaCorimProfile,
  readPsaStatements,
  type PsaReferenceValue,
  type PsaTrustAnchor,
} from './psa-profile.ts'
import { encodePsaCorim } from './psa-write.ts'
import { decodeSignedCorim, signCorim, type CorimMeta } from './signed.ts'

const octets = (length: number, value = 0xab): Uint8Array => new Uint8Array(length).fill(value)
const pair = generateCurveKeyPair('P-256', seededRandom('corim'))
const implementationId = octets(32)
const instanceId = Uint8Array.of(1, ...octets(32))
const reference: PsaReferenceValue = {
  implementationId,
  vendor: 'ACME',
  model: 'RoadRunner',
  digests: [{ algorithm: 'sha-256', value: octets(32, 2) }],
  signerId: octets(32, 3),
  name: 'BL',
  version: '1.0.0',
}
const anchor: PsaTrustAnchor = {
  implementationId,
  vendor: undefined,
  model: undefined,
  instanceId,
  publicKey: pair.publicKey,
}
const input = {
  id: 'batch-7',
  tagId: octets(16),
  language: 'en',
  validity: { notBefore: 1_700_000_000, notAfter: 1_900_000_000 },
  entities: [{ name: 'ACME', uri: 'https://acme.example', roles: [0, 1] }],
  referenceValues: [reference],
  trustAnchors: [anchor],
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

describe('a CoRIM of the PSA profile', () => {
  it('is written and read statement by statement', () => {
    const corim = decodeCorim(encodePsaCorim(input))
    const { id, validity, entities, profile } = corim
    expect({ id, validity, entities }).toEqual({
      id: 'batch-7',
      validity: input.validity,
      entities: input.entities,
    })
    expect(profile).toEqual({ type: 'uri', uri: psaCorimProfile })
    expect([...readPsaStatements(corim)].map(({ kind }) => kind)).toEqual([
      'reference-value',
      'trust-anchor',
    ])
    const [value, key] = [...readPsaStatements(corim)]
    expect(value).toMatchObject({ value: reference })
    expect(key?.kind === 'trust-anchor' && key.value.publicKey.octets).toEqual(
      pair.publicKey.octets,
    )
    expect(key).toMatchObject({ value: { instanceId, implementationId } })
  })

  it.each([
    ['none', undefined, 'E_CORIM_PROFILE_MISSING'],
    ['another', { type: 'uri', uri: 'urn:other' }, 'E_CORIM_PROFILE_UNSUPPORTED'],
    ['an object identifier', { type: 'oid', content: octets(3) }, 'E_CORIM_PROFILE_UNSUPPORTED'],
  ] satisfies ReadonlyArray<readonly [string, Corim['profile'], string]>)(
    'with the profile %s is refused',
    (_, profile, wanted) => {
      const corim = decodeCorim(
        encodeCorim({ id: 'x', tags: [{ tag: 506, octets: octets(1) }], profile }),
      )
      expect(corim.profile).toEqual(profile)
      expect(code(() => [...readPsaStatements(corim)])).toBe(wanted)
    },
  )

  it('tells what it ignores', () => {
    const tags = [{ tag: 505, octets: octets(1) }]
    const profile = { type: 'uri', uri: psaCorimProfile } as const
    const map = decodeCbor(encodeCorim({ id: 'x', tags, profile }))
    if (!(map instanceof CborTag) || !(map.value instanceof Map)) throw new TypeError('no CoRIM')
    const more = new CborTag(501, cborMap(...map.value, [2, []], [9, 0]))
    const statements = [...readPsaStatements(decodeCorim(encodeCbor(more)))]
    expect(statements.map((one) => one.kind === 'ignored' && one.what)).toEqual([
      'member 2',
      'member 9',
      'tag 505',
    ])
  })
})

describe('the structure of a CoRIM', () => {
  const tags = [new CborTag(506, octets(1))]

  it.each([
    ['another tag', cborMap(), 'E_CORIM_TAG'],
    ['no map', new CborTag(501, []), 'E_CORIM_STRUCTURE'],
    ['no id', new CborTag(501, cborMap([1, tags])), 'E_CORIM_STRUCTURE'],
    ['no tags', new CborTag(501, cborMap([0, 'x'])), 'E_CORIM_STRUCTURE'],
    ['an empty list of tags', new CborTag(501, cborMap([0, 'x'], [1, []])), 'E_CORIM_STRUCTURE'],
    [
      'a tag without octets',
      new CborTag(501, cborMap([0, 'x'], [1, [octets(1)]])),
      'E_CORIM_STRUCTURE',
    ],
    [
      'a profile as text',
      new CborTag(501, cborMap([0, 'x'], [1, tags], [3, 'x'])),
      'E_CORIM_PROFILE_UNSUPPORTED',
    ],
    [
      'a time without tag',
      new CborTag(501, cborMap([0, 'x'], [1, tags], [4, cborMap([1, 5])])),
      'E_CORIM_STRUCTURE',
    ],
  ] satisfies ReadonlyArray<readonly [string, CborValue, string]>)(
    'is refused with %s',
    (_, value, wanted) => {
      expect(code(() => decodeCorim(encodeCbor(value)))).toBe(wanted)
    },
  )
})

describe('a signed CoRIM', () => {
  const meta: CorimMeta = {
    signer: 'ACME',
    uri: 'https://acme.example',
    validity: { notAfter: 2_000_000_000 },
  }
  const { ES256 } = coseAlgorithms
  const payload = encodePsaCorim(input)

  /** With a signature over the digest that is asked for, of whatever message: here only the form counts. */
  async function signed(
    about: Omit<Parameters<typeof signCorim>[2], 'meta'> = {},
  ): Promise<Uint8Array> {
    return signCorim(
      payload,
      { algorithm: ES256, signDigest: () => octets(64) },
      { meta, ...about },
    )
  }

  it('is made, read and verified', async () => {
    const unsigned = decodeSignedCorim(
      await signed({ keyId: octets(4), certificateChain: [octets(9)] }),
    )
    expect(unsigned.meta).toEqual(meta)
    expect(unsigned.headers).toMatchObject({ keyId: octets(4), certificateChain: [octets(9)] })
    const { envelope, algorithm, corim } = unsigned
    expect(corim.id).toBe('batch-7')
    const message = toBeAuthenticated({ ...envelope, payload })
    const octetsOfAll = encodeEnvelope({
      ...envelope,
      payload,
      signature: signMessage(pair, { message }),
    })
    expect([isSignedCorim(octetsOfAll), isSignedCorim(payload)]).toEqual([true, false])
    verifyEnvelope(decodeSignedCorim(octetsOfAll).envelope, {
      algorithm,
      key: { type: 'ec', publicKey: pair.publicKey },
    })
  })

  function withHeaders(...entries: ReadonlyArray<readonly [CborValue, CborValue]>): Uint8Array {
    const protectedOctets = encodeProtected(cborMap([1, -7], ...entries))
    return encodeEnvelope({ kind: 'sign1', protectedOctets, payload, signature: octets(64) })
  }

  it('may carry CWT claims in place of its own meta data', () => {
    const read = decodeSignedCorim(
      withHeaders([3, 'application/rim+cbor'], [15, cborMap([1, 'ACME'])]),
    )
    expect(read.meta).toBeUndefined()
  })

  it.each([
    ['another content type', withHeaders([3, 'text/plain'], [15, cborMap()]), 'E_CORIM_STRUCTURE'],
    ['neither meta data nor claims', withHeaders([3, 'application/rim+cbor']), 'E_CORIM_STRUCTURE'],
    [
      'meta data that are no octets',
      withHeaders([3, 'application/rim+cbor'], [8, 1]),
      'E_CORIM_STRUCTURE',
    ],
    [
      'meta data without a signer',
      withHeaders([3, 'application/rim+cbor'], [8, encodeCbor(cborMap([0, cborMap()]))]),
      'E_CORIM_STRUCTURE',
    ],
    ['an algorithm of MACs', withHeaders([1, 5]), 'E_COSE_ALG_UNSUPPORTED'],
    [
      'a MAC',
      encodeEnvelope({ kind: 'mac0', protectedOctets: octets(0), payload, signature: octets(32) }),
      'E_CORIM_TAG',
    ],
  ])('is refused with %s', (_, message, wanted) => {
    expect(code(() => decodeSignedCorim(message))).toBe(wanted)
  })
})
