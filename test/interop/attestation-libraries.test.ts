import { Mac0, Sign1 } from '@auth0/cose'
import { concat, Secret, seededRandom } from '@keyline/bytes'
import {
  generateCurveKeyPair,
  hashOf,
  signDigest,
  deterministicNonces,
  drawPrivateKey,
  curveKeyPair,
  signMessage,
} from '@keyline/crypto'
import {
  coseAlgorithms,
  decodeToken,
  EatError,
  encodeClaims,
  instanceIdOf,
  macToken,
  signToken,
  TokenProfile,
  verifyEnvelope,
  type TokenClaims,
} from '@keyline/eat'
import {
  jwkThumbprint,
  jwsAlgorithms,
  makeResult,
  publicJwk,
  readResult,
  signResult,
  type ResultSigner,
} from '@keyline/verifier'
import { calculateJwkThumbprint, importJWK, jwtVerify, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  deviceComponents,
  deviceImplementation,
  deviceNonce as nonce,
  deviceTime as time,
} from '../support/verified-device.ts'

const random = seededRandom('libraries')
const algorithms = ['ES256', 'ES384', 'ES512'] as const
const macs = ['HS256', 'HS384', 'HS512'] as const

function claimsOf(instanceId: Uint8Array): TokenClaims {
  return {
    profile: TokenProfile.psa2023,
    nonce,
    instanceId,
    implementationId: deviceImplementation,
    clientId: -1,
    securityLifecycle: 0x3000,
    softwareComponents: deviceComponents,
  }
}

/** An envelope of another library as plain octets, with the tag if that leaves it out. */
function tagged(tag: 0xd1 | 0xd2, octets: Uint8Array): Uint8Array {
  return octets[0] === 0x84 ? concat(Uint8Array.of(tag), octets) : new Uint8Array(octets)
}

function codeOf(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    if (error instanceof EatError) return error.code
    throw error
  }
}

/** The same octets with one bit of the last one turned. */
function altered(octets: Uint8Array): Uint8Array {
  const changed = octets.slice()
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  return changed
}

describe.each(algorithms)('a token under %s', (name) => {
  const algorithm = coseAlgorithms[name]
  const { curve } = algorithm
  const privateKey = drawPrivateKey(curve, random)
  const pair = curveKeyPair(curve, privateKey)
  const key = { type: 'ec', publicKey: pair.publicKey } as const
  const claims = claimsOf(instanceIdOf(pair.publicKey))

  it('of ours is verified by another COSE library, altered it is not', async () => {
    const nonces = deterministicNonces(algorithm.hash)
    const token = await signToken(claims, {
      algorithm,
      signDigest: (digest) => signDigest({ curve, privateKey, digest, nonces }),
    })
    const envelope = Sign1.decode(token)
    await envelope.verify(pair.publicKey.handle)
    expect(new Uint8Array(envelope.payload)).toEqual(encodeClaims(claims))
    const bad = Sign1.decode(altered(token))
    await expect(bad.verify(pair.publicKey.handle)).rejects.toThrow(/signature/i)
    const other = generateCurveKeyPair(curve, random)
    await expect(envelope.verify(other.publicKey.handle)).rejects.toThrow(/signature/i)
  })

  it('of another COSE library is verified here, altered it is not', async () => {
    const made = await Sign1.sign([[1, algorithm.id]], [], encodeClaims(claims), pair.handle)
    const octets = tagged(0xd2, made.encode())
    const { envelope, claims: read } = decodeToken(octets)
    verifyEnvelope(envelope, { algorithm, key })
    expect(read).toEqual(claims)
    const bad = decodeToken(altered(octets)).envelope
    expect(codeOf(() => verifyEnvelope(bad, { algorithm, key }))).toBe('E_SIG_INVALID')
  })
})

describe.each(macs)('a token under %s', (name) => {
  const algorithm = coseAlgorithms[name]
  const secret = random.bytes(hashOf(algorithm.hash).length)
  const key = { type: 'symmetric', secret: new Secret(secret.slice()) } as const
  const claims = claimsOf(concat(Uint8Array.of(1), hashOf('SHA-256', secret)))

  it('of ours is verified by another COSE library, altered it is not', async () => {
    const token = macToken(claims, key.secret, name)
    await Mac0.decode(token).verify(secret)
    await expect(Mac0.decode(altered(token)).verify(secret)).rejects.toThrow(/signature|mac/i)
  })

  it('of another COSE library is verified here, altered it is not', async () => {
    const made = await Mac0.create([[1, algorithm.id]], [], encodeClaims(claims), secret)
    const octets = tagged(0xd1, made.encode())
    const { envelope, claims: read } = decodeToken(octets)
    verifyEnvelope(envelope, { algorithm, key })
    expect(read).toEqual(claims)
    const bad = decodeToken(altered(octets)).envelope
    expect(codeOf(() => verifyEnvelope(bad, { algorithm, key }))).toBe('E_SIG_INVALID')
  })
})

describe.each(algorithms)('a result under %s', (algorithm) => {
  const { curve, hash } = jwsAlgorithms[algorithm]
  const pair = generateCurveKeyPair(curve, random)
  const { publicKey } = pair
  const jwk = publicJwk(curve, publicKey.octets)
  const signer: ResultSigner = {
    algorithm,
    keyId: jwkThumbprint(curve, publicKey.octets),
    sign: async (message) => signMessage(pair, { message, hash }),
  }
  const result = makeResult(
    { outcome: 'could-not-check', code: 'POLICY_MALFUNCTION', message: 'a policy that failed' },
    { issuedAt: time, lifetime: 300, nonce, verifierId: { developer: 'a', build: 'b' } },
  )
  const options = { currentDate: new Date(time * 1_000), algorithms: [algorithm] }

  it('of ours is verified by another JWT library, altered or late it is not', async () => {
    if (result === undefined) throw new TypeError('a policy that failed has a result')
    const jwt = await signResult(result, signer)
    const theirs = await importJWK(jwk, algorithm)
    const { payload, protectedHeader } = await jwtVerify(jwt, theirs, options)
    expect(payload['submods']).toMatchObject({ PSA_IOT: { 'ear.status': 'none' } })
    expect(protectedHeader.kid).toBe(await calculateJwkThumbprint(jwk))
    const bad = jwt.replace(/\.(.)/, (_, first: string) => (first === 'f' ? '.e' : '.f'))
    await expect(jwtVerify(bad, theirs, options)).rejects.toThrow(/signature|invalid/i)
    const late = { ...options, currentDate: new Date((time + 301) * 1_000) }
    await expect(jwtVerify(jwt, theirs, late)).rejects.toThrow(/exp/)
  })

  it('of another JWT library is read here, under another key it is not', async () => {
    const vector = { hardware: 2 }
    const claims = {
      eat_profile: 'tag:github.com,2023:veraison/ear',
      iat: time,
      'ear.verifier-id': { developer: 'a', build: 'b' },
      submods: { PSA_IOT: { 'ear.status': 'affirming', 'ear.trustworthiness-vector': vector } },
    }
    const jwt = await new SignJWT(claims).setProtectedHeader({ alg: algorithm }).sign(pair.handle)
    const read = readResult(jwt, { algorithm, publicKey }, time)
    expect(read.submods.get('PSA_IOT')).toMatchObject({ status: 'affirming', vector })
    const other = generateCurveKeyPair(curve, random).publicKey
    expect(codeOf(() => readResult(jwt, { algorithm, publicKey: other }, time))).toBe(
      'E_SIG_INVALID',
    )
  })
})
