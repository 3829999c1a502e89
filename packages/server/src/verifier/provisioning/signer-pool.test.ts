import { KeylineError } from '@keyline/bytes'
import { curvePublicKey, type CurvePublicKey } from '@keyline/crypto'
import { basicConstraints, derNull, keyUsage, pemEncode } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import {
  authorityExtensions,
  certify,
  signerExtensions,
  type Named,
} from '../credential/testing/authority.ts'
import { acceptedSigners } from './accepted-signers.ts'
import { signerPool } from './signer-pool.ts'

const seconds = Date.UTC(2026, 5, 1) / 1000
const keyOf = ({ pair }: Named): CurvePublicKey =>
  curvePublicKey('P-256', pair.publicKey.point.subarray(1))

const root = await certify({ commonName: 'root', extensions: authorityExtensions })
const middle = await certify({
  commonName: 'middle',
  issuer: root,
  extensions: authorityExtensions,
})
const signer = await certify({ commonName: 'signer', issuer: middle, extensions: signerExtensions })
const chain = [signer.der, middle.der]
const pool = signerPool([root.der])

function outcome(
  sent: readonly Uint8Array[],
  judge = pool,
  time = seconds,
): CurvePublicKey | string {
  try {
    return judge(sent, time)
  } catch (error) {
    if (error instanceof KeylineError) return error.code
    throw error
  }
}

describe('a pool of authorities', () => {
  it('gives the key of a signer whose certificates lead to one of them', () => {
    for (const sent of [chain, [...chain, root.der]]) {
      expect(outcome(sent)).toMatchObject({ octets: keyOf(signer).octets })
    }
    expect(outcome([signer.der], signerPool([root.der, middle.der]))).toMatchObject({
      octets: keyOf(signer).octets,
    })
  })

  it('tries each authority of one name', async () => {
    const twin = await certify({ commonName: 'root', extensions: authorityExtensions })
    expect(outcome(chain, signerPool([twin.der, root.der]))).toMatchObject({ curve: 'P-256' })
    expect(outcome(chain, signerPool([twin.der]))).toBe('E_X509_SIGNATURE')
  })

  it('refuses a chain that is not complete, in order, or of one of them', async () => {
    const stranger = await certify({ commonName: 'stranger', extensions: authorityExtensions })
    const theirs = await certify({
      commonName: 'signer',
      issuer: stranger,
      extensions: signerExtensions,
    })
    expect(outcome([])).toBe('E_X509_PARSE')
    expect(outcome([signer.der])).toBe('E_KEY_UNKNOWN')
    expect(outcome([middle.der, signer.der])).toBe('E_KEY_UNKNOWN')
    expect(outcome([signer.der, middle.der, signer.der])).toBe('E_KEY_UNKNOWN')
    expect(outcome([theirs.der, stranger.der])).toBe('E_KEY_UNKNOWN')
    expect(outcome([theirs.der, middle.der])).toBe('E_X509_SIGNATURE')
    expect(outcome([root.der])).toBe('E_X509_CA')
    expect(outcome(Array.from({ length: 6 }, () => middle.der))).toBe('E_X509_PARSE')
    expect(outcome([Uint8Array.of(0x30, 0x00)])).toBe('E_X509_PARSE')
  })

  it('is valid as long as every certificate of the path, the authority included', async () => {
    const start = Date.UTC(2026, 0, 1) / 1000
    const end = Date.UTC(2026, 11, 31) / 1000
    expect(outcome(chain, pool, start)).toMatchObject({ curve: 'P-256' })
    expect(outcome(chain, pool, end)).toMatchObject({ curve: 'P-256' })
    expect(outcome(chain, pool, start - 1)).toBe('E_X509_TIME')
    expect(outcome(chain, pool, end + 1)).toBe('E_X509_TIME')
    const long = { notAfter: '2030-01-01' }
    const longSigner = await certify({
      commonName: 'signer',
      issuer: root,
      extensions: signerExtensions,
      ...long,
    })
    expect(outcome([longSigner.der], pool, end + 1)).toBe('E_X509_TIME')
  })

  it.each([
    ['issues without being an authority', [basicConstraints({ ca: false })]],
    ['issues without saying that it may', []],
    ['issues beyond its path length', [basicConstraints({ ca: true, pathLength: 0 })], 2],
    [
      'issues with a key for something else',
      [basicConstraints({ ca: true }), keyUsage(['cRLSign'])],
    ],
  ])('refuses a certificate that %s', async (_what, extensions, depth = 1) => {
    let issuer = await certify({ commonName: 'one', issuer: root, extensions })
    const sent = [issuer.der]
    for (let level = 1; level < depth; level++) {
      issuer = await certify({ commonName: 'two', issuer, extensions: authorityExtensions })
      sent.unshift(issuer.der)
    }
    const leaf = await certify({ commonName: 'leaf', issuer, extensions: signerExtensions })
    expect(outcome([leaf.der, ...sent])).toBe('E_X509_CA')
  })

  it.each([
    ['is an authority', authorityExtensions, 'E_X509_CA'],
    ['is not for signatures', [keyUsage(['keyAgreement'])], 'E_X509_CA'],
    ['says something twice', [...signerExtensions, ...signerExtensions], 'E_X509_PARSE'],
    [
      'has a critical extension that nobody knows',
      [{ oid: '1.2.3.4', critical: true, value: derNull() }],
      'E_X509_PARSE',
    ],
  ])('refuses a signer that %s', async (_what, extensions, code) => {
    const leaf = await certify({ commonName: 'leaf', issuer: root, extensions })
    expect(outcome([leaf.der])).toBe(code)
  })

  it('refuses to hold what is no authority', () => {
    expect(() => signerPool([signer.der])).toThrow('authority 0 may not issue')
  })
})

describe('accepted signers', () => {
  it('are none when nobody is named', () => {
    expect(acceptedSigners({})).toBeUndefined()
  })

  it('are keys and authorities in PEM', () => {
    const authorities = [pemEncode('CERTIFICATE', root.der)]
    const { certified } = acceptedSigners({ authorities }) ?? {}
    expect(certified?.(chain, seconds)).toMatchObject({ octets: keyOf(signer).octets })
    expect(() => acceptedSigners({ keys: ['-----BEGIN'] })).toThrow('signer key 0')
    expect(() => acceptedSigners({ authorities: ['-----BEGIN'] })).toThrow('PEM')
  })
})
