import { equalOctets, fromHex, toHex } from '@keyline/bytes'
import {
  curveKeyPair,
  curvePublicKey,
  hashOf,
  publicKeyLength,
  publicKeyOf,
  sharedSecret,
  verifyDigest,
  verifyMessage,
  verifyMessageDer,
  weierstrassCurves,
  type Curve,
  type CurveKeyPair,
  type HashAlgorithm,
  type WeierstrassCurve,
} from '@keyline/crypto'
import { scaled } from '../scale.ts'
import type { VectorReader } from './vector-reader.ts'
import {
  acceptedIf,
  ecdsaFlags,
  sameOctets,
  type Algorithm,
  type Trial,
} from './wycheproof-trial.ts'

const derFlags = [
  ...ecdsaFlags,
  'BerEncodedSignature',
  'InvalidEncoding',
  'InvalidTypesInSignature',
  'MissingZero',
  'ModifiedSignature',
]

const ecdhFlags = [
  'AdditionChain',
  'CVE_2017_10176',
  'CVE-2017-8932',
  'CompressedPoint',
  'CompressedPublic',
  'EdgeCaseDoubling',
  'EdgeCaseEphemeralKey',
  'EdgeCaseSharedSecret',
  'GroupIsomorphism',
  'InvalidAsn',
  'InvalidCompressedPublic',
  'InvalidCurveAttack',
  'InvalidEncoding',
  'InvalidPublic',
  'IsomorphicPublicKey',
  'LargeCofactor',
  'ModifiedCofactor',
  'ModifiedCurveParameter',
  'ModifiedGenerator',
  'ModifiedGroup',
  'ModifiedPrime',
  'ModifiedPublicPoint',
  'NegativeCofactor',
  'NoCofactor',
  'Normal',
  'UnnamedCurve',
  'UnusedParam',
  'WeakPublicKey',
  'WrongCurve',
  'WrongOrder',
]

const xdhFlags = [
  'EdgeCaseMultiplication',
  'EdgeCasePrivateKey',
  'EdgeCaseShared',
  'InvalidPublic',
  'Ktv',
  'LowOrderPublic',
  'MissingOctetString',
  'NonCanonicalPublic',
  'Normal',
  'SmallPublicKey',
  'SpecialPublicKey',
  'Twist',
  'ZeroSharedSecret',
]

const curveNames: ReadonlyMap<string, WeierstrassCurve> = new Map([
  ['secp256r1', 'P-256'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
  ['brainpoolP256r1', 'brainpoolP256r1'],
  ['brainpoolP384r1', 'brainpoolP384r1'],
  ['brainpoolP512r1', 'brainpoolP512r1'],
])

const hashes: readonly HashAlgorithm[] = ['SHA-256', 'SHA-384', 'SHA-512']

/** Signatures and shared secrets on every curve, and the constants of the curves. */
export const curveAlgorithms: readonly Algorithm[] = [
  ...[...curveNames].flatMap(([name, curve]) => [
    // An explicit curve is refused whatever it is, and so is a compressed point: the face takes X ‖ Y.
    ...(['EcdhTest', 'EcdhEcpointTest'] as const).map((type) => ({
      name: `${type} ${name}`,
      flags: ecdhFlags,
      trial: ecdhTrial(curve),
      acceptable: () => 'refused' as const,
    })),
    ...hashes.flatMap((hash) => ecdsaAlgorithms(name, curve, hash)),
  ]),
  {
    name: 'EDDSA',
    flags: [
      'CompressedSignature',
      'InvalidEncoding',
      'InvalidKtv',
      'InvalidSignature',
      'Ktv',
      'SignatureMalleability',
      'SignatureWithGarbage',
      'TinkOverflow',
      'TruncatedSignature',
      'Valid',
    ],
    trial: eddsaTrial,
  },
  ...['XdhComp', 'XdhAsnComp'].map((name) => ({
    name,
    flags: xdhFlags,
    trial: x25519Trial,
    acceptable: (flags: readonly string[]) =>
      flags.includes('ZeroSharedSecret') ? ('refused' as const) : ('accepted' as const),
  })),
  { name: 'EcCurveTest', flags: [], trial: curveTrial },
]

function ecdsaAlgorithms(
  name: string,
  curve: WeierstrassCurve,
  hash: HashAlgorithm,
): readonly Algorithm[] {
  // P-256 with SHA-256 has functions of its own, which these vectors test.
  if (curve === 'P-256' && hash === 'SHA-256') return []
  return [
    { name: `ECDSA ${name} ${hash}`, flags: derFlags, trial: derTrial(curve, hash) },
    {
      name: `ECDSA-P1363 ${name} ${hash}`,
      flags: [...ecdsaFlags, 'SignatureSize'],
      trial: rawTrial(curve, hash),
    },
  ]
}

function derTrial(curve: WeierstrassCurve, hash: HashAlgorithm): Trial {
  return (group, test) => {
    const publicKey = curvePublicKey(curve, pointOf(group))
    const [message, signature] = [test.octets('msg'), test.octets('sig')]
    return acceptedIf(verifyMessageDer(publicKey, { message, hash, signature }))
  }
}

/** Over the digest `node:crypto` has no verification, and ours takes ten times as long: one of so many in a short run. */
const digestOnceIn = scaled(4, 1)

/** Over the message, and over its digest as it stands; the two must agree. */
function rawTrial(curve: WeierstrassCurve, hash: HashAlgorithm): Trial {
  let count = 0
  return (group, test) => {
    const publicKey = pointOf(group)
    const [message, signature] = [test.octets('msg'), test.octets('sig')]
    const isValid = verifyMessage(curvePublicKey(curve, publicKey), { message, hash, signature })
    if (count++ % digestOnceIn !== 0) return acceptedIf(isValid)
    const digest = hashOf(hash, message)
    if (verifyDigest({ curve, publicKey, digest, signature }) !== isValid)
      return 'valid in one way only'
    return acceptedIf(isValid)
  }
}

function pointOf(group: VectorReader): Uint8Array {
  return group.object('publicKey').octets('uncompressed').subarray(1)
}

function eddsaTrial(group: VectorReader, test: VectorReader): string {
  const publicKey = curvePublicKey('Ed25519', group.object('publicKey').octets('pk'))
  const [message, signature] = [test.octets('msg'), test.octets('sig')]
  return acceptedIf(verifyMessage(publicKey, { message, signature }))
}

function ecdhTrial(curve: WeierstrassCurve): Trial {
  return (_, test) => {
    const point = rawKey(curve, test.octets('public'), '04')
    if (point === undefined) return 'refused'
    const { length } = weierstrassCurves[curve]
    const scalar = BigInt(`0x${test.text('private') || '0'}`)
    const privateKey = fromHex(scalar.toString(16).padStart(2 * length, '0'))
    return secretOf(curve, privateKey, point, test)
  }
}

function x25519Trial(_: VectorReader, test: VectorReader): string {
  const point = rawKey('X25519', test.octets('public'), '')
  const given = test.octets('private')
  const before = toHex(given.subarray(0, -32))
  if (point === undefined || (before !== '' && before !== x25519Pkcs8)) return 'refused'
  return secretOf('X25519', given.subarray(-32), point, test)
}

/** PKCS#8 of an X25519 key (RFC 8410) up to its 32 octets. */
const x25519Pkcs8 = '302e020100300506032b656e04220420'

function secretOf(
  curve: Curve,
  privateKey: Uint8Array,
  point: Uint8Array,
  test: VectorReader,
): string {
  const secret = sharedSecret(keyPairOf(curve, privateKey), curvePublicKey(curve, point))
  return sameOctets(secret.reveal(), test.octets('shared')) ?? 'accepted'
}

const keyPairs = new Map<string, CurveKeyPair>()

/** Thousands of cases share a few private keys, each of which costs more than its secret. */
function keyPairOf(curve: Curve, privateKey: Uint8Array): CurveKeyPair {
  const name = `${curve} ${toHex(privateKey)}`
  const known = keyPairs.get(name)
  if (known !== undefined) return known
  const pair = curveKeyPair(curve, privateKey)
  keyPairs.set(name, pair)
  return pair
}

/** The raw key of a SubjectPublicKeyInfo of the named curve, or of a point with its marker; nothing for all else. */
function rawKey(curve: Curve, octets: Uint8Array, marker: string): Uint8Array | undefined {
  const length = publicKeyLength(curve)
  const key = octets.subarray(octets.length - length)
  const before = toHex(octets.subarray(0, Math.max(0, octets.length - length)))
  if (before === marker) return key
  const spki = curvePublicKeyDer(curve, key)
  return spki !== undefined && equalOctets(spki, octets) ? key : undefined
}

function curvePublicKeyDer(curve: Curve, key: Uint8Array): Uint8Array | undefined {
  try {
    return curvePublicKey(curve, key).handle.export({ format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

function curveTrial(_: VectorReader, test: VectorReader): string {
  const curve = curveNames.get(test.text('name'))
  if (curve === undefined) return 'a curve that is not used'
  const { p, a, n, length } = weierstrassCurves[curve]
  const one = new Uint8Array(length)
  one[length - 1] = 1
  const base = toHex(publicKeyOf(curve, one))
  const gx = BigInt(`0x${base.slice(0, 2 * length)}`)
  const gy = BigInt(`0x${base.slice(2 * length)}`)
  const constants = { p, a, n, gx, gy }
  const wrong = Object.entries(constants).filter(
    ([name, value]) => value !== BigInt(`0x${test.text(name)}`),
  )
  return wrong.length === 0 ? 'accepted' : `other ${wrong.map(([name]) => name).join(', ')}`
}
