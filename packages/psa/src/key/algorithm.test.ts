import { describe, expect, it } from 'vitest'
import {
  Algorithm,
  hashFunction,
  hmacHash,
  isEcdh,
  isKeyAgreement,
  isRawKeyAgreement,
  oaepHash,
  permits,
  signatureAlgorithm,
  withHash,
} from './algorithm.ts'

const anyHash = 0xff

describe('algorithms', () => {
  it('have the numbers of the specification', () => {
    expect(withHash(Algorithm.ecdsa, Algorithm.sha256)).toBe(0x0600_0609)
    expect(withHash(Algorithm.rsaPss, Algorithm.sha512)).toBe(0x0600_030b)
    expect(withHash(Algorithm.rsaOaep, Algorithm.sha384)).toBe(0x0700_030a)
    expect(withHash(Algorithm.hmac, Algorithm.sha256)).toBe(Algorithm.hmacSha256)
  })

  it.each([
    [Algorithm.ecdsa, 'ecdsa', { kind: 'unnamed' }],
    [Algorithm.ecdsaSha384, 'ecdsa', { kind: 'named', name: 'SHA-384', length: 48 }],
    [0x0600_06ff, 'ecdsa', { kind: 'wildcard' }],
    [0x0600_0605, 'ecdsa', { kind: 'missing' }],
    [0x0600_0709, 'deterministic-ecdsa', { kind: 'named', name: 'SHA-256', length: 32 }],
    [0x0600_020b, 'rsa-pkcs1', { kind: 'named', name: 'SHA-512', length: 64 }],
    [0x0600_0309, 'rsa-pss', { kind: 'named', name: 'SHA-256', length: 32 }],
  ])('%s signs hashes as %s', (algorithm, family, hash) => {
    expect(signatureAlgorithm(algorithm)).toEqual({ family, hash })
  })

  it.each([
    0,
    Algorithm.sha256,
    Algorithm.ecdh,
    Algorithm.gcm,
    Algorithm.deterministicEcdsa,
    Algorithm.rsaPss,
    Algorithm.rsaPkcs1Sign,
    0x0600_1309,
    0x0600_0800,
  ])('%s signs no hashes', (algorithm) => {
    expect(signatureAlgorithm(algorithm)).toBeUndefined()
  })

  it('know which hash is a function, which is built in, and which only a policy names', () => {
    expect(hashFunction(Algorithm.sha256)).toEqual({ length: 32, name: 'SHA-256' })
    expect(hashFunction(0x0200_0008)).toEqual({ length: 28 })
    expect(hashFunction(0x0200_0077)).toEqual({ length: 0 })
    expect(hashFunction(Algorithm.anyHash)).toBeUndefined()
    expect(hashFunction(Algorithm.ecdsaSha256)).toBeUndefined()
    expect(oaepHash(0x0700_0309)).toBe('SHA-256')
    expect(oaepHash(0x0600_0309)).toBeUndefined()
    expect(hmacHash(Algorithm.hmacSha256)).toBe('SHA-256')
    expect(hmacHash(Algorithm.sha256)).toBeUndefined()
  })

  it('tell an agreement from one that feeds a derivation', () => {
    const combined = 0x0902_0109
    expect([Algorithm.ecdh, combined, 0x0901_0000].map(isKeyAgreement)).toEqual([true, true, true])
    expect([Algorithm.ecdh, combined, 0x0901_0000].map(isEcdh)).toEqual([true, true, false])
    expect([Algorithm.ecdh, combined].map(isRawKeyAgreement)).toEqual([true, false])
    expect(isKeyAgreement(Algorithm.ecdsaSha256)).toBe(false)
  })
})

describe('a policy', () => {
  const anyEcdsa = Algorithm.ecdsa | anyHash
  it.each([
    [Algorithm.ecdsaSha256, Algorithm.ecdsaSha256, true],
    [Algorithm.ecdsaSha256, Algorithm.ecdsaSha384, false],
    [anyEcdsa, Algorithm.ecdsaSha512, true],
    [anyEcdsa, 0x0600_0709, false],
    [anyEcdsa, 0x0600_0309, false],
    [anyEcdsa, Algorithm.ecdsa, false],
    [Algorithm.rsaPss | anyHash, 0x0600_030a, true],
    [Algorithm.ecdh, 0x0902_0109, true],
    [0x0902_0109, Algorithm.ecdh, false],
    [Algorithm.none, Algorithm.none, false],
  ])('of %s permits %s: %s', (policy, algorithm, isPermitted) => {
    expect(permits(policy, algorithm)).toBe(isPermitted)
  })
})
