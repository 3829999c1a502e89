import { concat, encodeUtf8, fromHex, Secret, seededRandom, toHex } from '@keyline/bytes'
import { generateCurveKeyPair, hashOf, signMessage, type CurveKeyPair } from '@keyline/crypto'
import { Sign1 } from '@auth0/cose'
import { createPublicKey, generateKeyPairSync, sign as signRsa, constants } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeCbor } from '../cbor/encode.ts'
import { cborMap, CborTag, type CborMap, type CborValue } from '../cbor/value.ts'
import { EatError } from '../errors.ts'
import { throwFirst } from '../finding.ts'
import { coseAlgorithm, coseAlgorithms, type CoseAlgorithm } from './algorithm.ts'
import { encodeEnvelope, encodeProtected, parseEnvelope, type CoseEnvelope } from './envelope.ts'
import { HeaderLabel } from './header.ts'
import { parameter, readHeaders } from './headers.ts'
import { encodeCoseKey, readCoseKey } from './key.ts'
import { signEnvelope, type DigestSigner } from './sign.ts'
import { toBeAuthenticated } from './structure.ts'
import { requireFittingKey, verifyEnvelope, type CoseKey } from './verify.ts'

const { ES256, ES384, PS256, HS256 } = coseAlgorithms
const random = seededRandom('cose')
const payload = encodeUtf8('This is the content.')
const pair = generateCurveKeyPair('P-256', random)
const key: CoseKey = { type: 'ec', publicKey: pair.publicKey }

/** Signs the digest as the software driver does: through the message, whose digest must be the one that is asked for. */
function signerOf(
  signing: CurveKeyPair,
  algorithm: CoseAlgorithm,
  message: () => Uint8Array,
): DigestSigner {
  return {
    algorithm,
    signDigest: (digest) => {
      expect(digest).toEqual(hashOf(algorithm.hash, message()))
      return signMessage(signing, { message: message(), hash: algorithm.hash })
    },
  }
}

async function signed(unprotectedHeader?: CborMap, protectedHeader?: CborMap): Promise<Uint8Array> {
  const protectedOctets = encodeProtected(cborMap([1, -7], ...(protectedHeader ?? [])))
  const message = () => toBeAuthenticated({ kind: 'sign1', protectedOctets, payload })
  return signEnvelope(
    { payload, protectedHeader, unprotectedHeader },
    signerOf(pair, ES256, message),
  )
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

/** An envelope with these headers and no good signature. */
function envelope(
  protectedHeader: CborMap,
  unprotectedHeader: CborMap = cborMap(),
  rest: Partial<CoseEnvelope> = {},
): CoseEnvelope {
  const octets = encodeProtected(protectedHeader)
  return {
    kind: 'sign1',
    protectedOctets: octets,
    protectedHeader,
    unprotectedHeader,
    payload,
    signature: new Uint8Array(64),
    ...rest,
  }
}

describe('a COSE_Sign1', () => {
  it('is made over a digest, read and verified', async () => {
    const octets = await signed(cborMap([HeaderLabel.keyId, fromHex('3131')]))
    const read = parseEnvelope(octets)
    expect(toHex(read.protectedOctets)).toBe('a10126')
    expect(read.payload).toEqual(payload)
    const headers = readHeaders(read)
    expect(headers).toEqual({
      algorithm: ES256,
      keyId: fromHex('3131'),
      certificateChain: undefined,
      findings: [],
    })
    verifyEnvelope(read, { algorithm: ES256, key })
    expect(encodeEnvelope({ ...read, payload })).toEqual(octets)
  })

  it('verifies in another implementation, and one of that verifies here', async () => {
    const theirs = Sign1.decode(await signed())
    await theirs.verify(pair.publicKey.handle)
    const made = await Sign1.sign([[1, -7]], [[4, encodeUtf8('11')]], payload, pair.handle)
    const read = parseEnvelope(tagged(made.encode()))
    verifyEnvelope(read, { algorithm: ES256, key })
    expect(readHeaders(read).findings).toEqual([])
  })

  it('is refused when payload, header or external data changed', async () => {
    const read = parseEnvelope(await signed())
    const changed: readonly CoseEnvelope[] = [
      { ...read, payload: encodeUtf8('Another content.') },
      { ...read, protectedOctets: fromHex('a201260300') },
      { ...read, signature: new Uint8Array(64) },
    ]
    for (const one of changed) {
      expect(code(() => verifyEnvelope(one, { algorithm: ES256, key }))).toBe('E_SIG_INVALID')
    }
    const externalData = Uint8Array.of(1)
    expect(code(() => verifyEnvelope(read, { algorithm: ES256, key, externalData }))).toBe(
      'E_SIG_INVALID',
    )
  })

  it('has a signature of the length of its curve, and a payload', async () => {
    const read = parseEnvelope(await signed())
    const longer = concat(read.signature, Uint8Array.of(0))
    const { signature, ...others } = read
    expect(signature).toHaveLength(64)
    expect(
      code(() => verifyEnvelope({ ...others, signature: longer }, { algorithm: ES256, key })),
    ).toBe('E_SIG_LENGTH')
    expect(
      code(() => verifyEnvelope({ ...read, payload: undefined }, { algorithm: ES256, key })),
    ).toBe('E_COSE_DETACHED')
  })

  it('needs a key of the type and curve of its algorithm', () => {
    const other = generateCurveKeyPair('P-384', random).publicKey
    const edwards = generateCurveKeyPair('Ed25519', random).publicKey
    const secret = new Secret(new Uint8Array(32))
    const mismatches: ReadonlyArray<readonly [CoseAlgorithm, CoseKey]> = [
      [ES256, { type: 'ec', publicKey: other }],
      [ES384, key],
      [ES256, { type: 'symmetric', secret }],
      [HS256, key],
      [PS256, key],
    ]
    for (const [algorithm, wrong] of mismatches) {
      expect(code(() => requireFittingKey({ algorithm, key: wrong }))).toBe(
        'E_COSE_ALG_KEY_MISMATCH',
      )
    }
    const onAnyCurve = { algorithm: ES256, anyCurve: true }
    expect(
      code(() => requireFittingKey({ ...onAnyCurve, key: { type: 'ec', publicKey: other } })),
    ).toBe('none')
    expect(
      code(() => requireFittingKey({ ...onAnyCurve, key: { type: 'ec', publicKey: edwards } })),
    ).toBe('E_COSE_ALG_KEY_MISMATCH')
  })

  it('of RSASSA-PSS verifies with an RSA key', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const unsigned = envelope(cborMap([1, PS256.id]))
    const message = toBeAuthenticated({ ...unsigned, payload })
    const padding = constants.RSA_PKCS1_PSS_PADDING
    const signature = Uint8Array.from(
      signRsa('sha256', message, { key: privateKey, padding, saltLength: 32 }),
    )
    const rsa: CoseKey = {
      type: 'rsa',
      publicKey: createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
    }
    verifyEnvelope({ ...unsigned, signature }, { algorithm: PS256, key: rsa })
    expect(code(() => verifyEnvelope(unsigned, { algorithm: PS256, key: rsa }))).toBe(
      'E_SIG_LENGTH',
    )
  })
})

describe('the form of an envelope', () => {
  const elements: readonly CborValue[] = [fromHex('a10126'), cborMap(), payload, new Uint8Array(64)]
  const changed = (index: number, value: CborValue): CborValue => elements.with(index, value)

  it.each([
    ['no tag', elements, 'E_COSE_TAG'],
    ['the tag of a COSE_Sign', new CborTag(98, elements), 'E_COSE_TAG'],
    ['a CWT tag around it', new CborTag(61, new CborTag(18, elements)), 'E_COSE_TAG'],
    ['three elements', new CborTag(18, elements.slice(1)), 'E_COSE_STRUCTURE'],
    ['a map', new CborTag(18, cborMap()), 'E_COSE_STRUCTURE'],
    [
      'a protected header as a map',
      new CborTag(18, changed(0, cborMap([1, -7]))),
      'E_COSE_STRUCTURE',
    ],
    [
      'a protected header of a list',
      new CborTag(18, changed(0, fromHex('820126'))),
      'E_COSE_STRUCTURE',
    ],
    ['a label of octets', new CborTag(18, changed(0, fromHex('a1410126'))), 'E_COSE_STRUCTURE'],
    ['a label twice', new CborTag(18, changed(0, fromHex('a201260126'))), 'E_CBOR_DUPLICATE_KEY'],
    ['an unprotected header as a list', new CborTag(18, changed(1, [])), 'E_COSE_STRUCTURE'],
    ['a payload as a text', new CborTag(18, changed(2, 'text')), 'E_COSE_STRUCTURE'],
    ['a signature as a text', new CborTag(18, changed(3, 'text')), 'E_COSE_STRUCTURE'],
  ] satisfies ReadonlyArray<readonly [string, CborValue, string]>)(
    'with %s is refused',
    (_, value, wanted) => {
      expect(code(() => parseEnvelope(encodeCbor(value)))).toBe(wanted)
    },
  )

  it('without a tag is taken only where the caller says which one it stands for', () => {
    const octets = encodeCbor(elements)
    expect(parseEnvelope(octets, { untagged: 'mac0' }).kind).toBe('mac0')
    const other = encodeCbor(new CborTag(992, elements))
    expect(code(() => parseEnvelope(other, { untagged: 'mac0' }))).toBe('E_COSE_TAG')
  })

  it('names the octet of a defect in its protected header', () => {
    const octets = encodeCbor(new CborTag(18, changed(0, fromHex('a1011c'))))
    expect(() => parseEnvelope(octets, { base: 100 })).toThrow('at octet 105')
  })

  it('with an empty protected header signs no octets for it', () => {
    expect(over('a0')).toBe(over(''))
    expect(over('a10105')).not.toBe(over(''))
    expect(encodeProtected(cborMap())).toHaveLength(0)
  })
})

describe('the headers of an envelope', () => {
  const es256 = cborMap([1, -7])

  it.each([
    ['no algorithm', envelope(cborMap()), ['E_COSE_ALG_MISSING']],
    ['an algorithm that is not protected', envelope(cborMap(), es256), ['E_COSE_ALG_UNPROTECTED']],
    ['a label in both', envelope(es256, es256), ['E_COSE_DUPLICATE_LABEL']],
    [
      'a private label in both',
      envelope(cborMap([1, -7], ['x', 0]), cborMap(['x', 0])),
      ['E_COSE_DUPLICATE_LABEL'],
    ],
    ['an unknown algorithm', envelope(cborMap([1, -8])), ['E_COSE_ALG_UNSUPPORTED']],
    ['an algorithm as text', envelope(cborMap([1, 'ES256'])), ['E_COSE_ALG_UNSUPPORTED']],
    ['an algorithm of MACs', envelope(cborMap([1, 5])), ['E_COSE_ALG_UNSUPPORTED']],
    [
      'an algorithm that tokens do not have',
      envelope(cborMap([1, -37])),
      ['E_COSE_ALG_UNSUPPORTED'],
    ],
    ['an empty list of critical labels', envelope(cborMap([1, -7], [2, []])), ['E_COSE_CRIT']],
    ['critical labels that are no list', envelope(cborMap([1, -7], [2, 1])), ['E_COSE_CRIT']],
    [
      'a critical label that is not understood',
      envelope(cborMap([1, -7], [2, [99]], [99, 0])),
      ['E_COSE_CRIT'],
    ],
    ['a critical label that is not there', envelope(cborMap([1, -7], [2, [33]])), ['E_COSE_CRIT']],
    ['critical labels that are not protected', envelope(es256, cborMap([2, [1]])), ['E_COSE_CRIT']],
    ['no payload', envelope(es256, cborMap(), { payload: undefined }), ['E_COSE_DETACHED']],
    ['a chain of texts', envelope(es256, cborMap([33, ['x']])), ['E_COSE_X5CHAIN']],
    ['an empty chain', envelope(es256, cborMap([33, []])), ['E_COSE_X5CHAIN']],
    [
      'several defects',
      envelope(cborMap([2, []]), cborMap(), { payload: undefined }),
      ['E_COSE_ALG_MISSING', 'E_COSE_CRIT', 'E_COSE_DETACHED'],
    ],
  ] satisfies ReadonlyArray<readonly [string, CoseEnvelope, readonly string[]]>)(
    'with %s are refused',
    (_, one, rules) => {
      const { findings } = readHeaders(one)
      expect(findings.map(({ rule }) => rule)).toEqual(rules)
      expect(code(() => throwFirst(findings))).toBe(rules[0])
    },
  )

  it('may name critical labels that are there, and those that the caller understands', () => {
    const one = envelope(cborMap([1, -7], [2, [1, 8]], [8, new Uint8Array()]))
    expect(readHeaders(one).findings).toHaveLength(1)
    expect(readHeaders(one, { understood: new Set([8]) }).findings).toEqual([])
  })

  it('carry one certificate or several, and a key id', () => {
    const [first, second] = [Uint8Array.of(1), Uint8Array.of(2)]
    const single = readHeaders(envelope(cborMap([1, -7], [33, first], [4, 'no octets'])))
    expect([single.certificateChain, single.keyId]).toEqual([[first], undefined])
    const several = envelope(es256, cborMap([33, [first, second]]))
    expect(readHeaders(several).certificateChain).toEqual([first, second])
    expect(parameter(several, 34)).toBeUndefined()
  })
})

describe('a COSE_Key', () => {
  it.each(['P-256', 'P-384', 'P-521'] as const)('on %s is written and read', (curve) => {
    const { publicKey } = generateCurveKeyPair(curve, random)
    const read = readCoseKey(parsed(encodeCoseKey(publicKey)))
    expect([read.curve, read.octets]).toEqual([curve, publicKey.octets])
  })

  it('is refused unless it is a point on a known curve', () => {
    const { octets } = pair.publicKey
    const [x, y] = [octets.subarray(0, 32), octets.subarray(32)]
    const wrong: readonly CborValue[] = [
      1,
      cborMap([1, 1]),
      cborMap([1, 2], [-1, 8], [-2, x], [-3, y]),
      cborMap([1, 2], [-1, 1], [-2, x]),
      cborMap([1, 2], [-1, 2], [-2, x], [-3, y]),
      cborMap([1, 2], [-1, 1], [-2, y], [-3, x]),
    ]
    for (const value of wrong) expect(code(() => readCoseKey(value))).toBe('COSE_KEY')
    const brainpool = generateCurveKeyPair('brainpoolP256r1', random).publicKey
    expect(code(() => encodeCoseKey(brainpool))).toBe('COSE_KEY')
  })
})

it('knows its algorithms by their numbers', () => {
  expect(coseAlgorithm(-7)).toBe(ES256)
  expect(coseAlgorithm('ES256')).toBeUndefined()
})

function parsed(octets: Uint8Array): CborValue {
  const { protectedHeader } = parseEnvelope(
    encodeCbor(new CborTag(18, [octets, cborMap(), null, new Uint8Array()])),
  )
  return protectedHeader
}

/** What is authenticated under a protected header, in hexadecimal. */
function over(header: string): string {
  return toHex(toBeAuthenticated({ kind: 'mac0', protectedOctets: fromHex(header), payload }))
}

/** With the tag of a COSE_Sign1 in front, which the other implementation leaves out. */
function tagged(octets: Uint8Array): Uint8Array {
  return octets[0] === 0xd2 ? octets : concat(Uint8Array.of(0xd2), octets)
}
