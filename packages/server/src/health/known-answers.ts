import { encodeUtf8, fromHex, toHex } from '@keyline/bytes'
import {
  decryptGcm,
  encryptGcm,
  p256FromScalar,
  p256PublicKey,
  pbkdf2Sha256Sync,
  sha1,
  sha256,
  signP256Der,
  verifyP256Der,
} from '@keyline/crypto'

/** One algorithm: an answer that is known from a standard, and an input that must be refused. */
export interface KnownAnswer {
  readonly algorithm: string
  /** Where the values come from. */
  readonly source: string
  readonly answers: () => boolean
  readonly refuses: () => boolean
}

const abc = encodeUtf8('abc')

/** P-256 with SHA-256 over "sample". Source: RFC 6979, A.2.5. */
const p256 = {
  scalar: fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721'),
  point: fromHex(
    '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  ),
  message: encodeUtf8('sample'),
  signature: fromHex(
    '3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  ),
}

/** AES-256-GCM. Source: NIST GCM specification, test case 16. */
const gcm = {
  key: fromHex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'),
  nonce: fromHex('cafebabefacedbaddecaf888'),
  associatedData: fromHex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
  plaintext: fromHex(
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  ),
  tag: '76fc6ece0f4e1768cddf8853bb2d551b',
  ciphertext:
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
}

/** The primitives that stand between a request and a certificate, and under the sealed rows. Source: security, section 3. */
export const knownAnswers: readonly KnownAnswer[] = [
  {
    algorithm: 'SHA-256',
    source: 'FIPS 180-4, "abc"',
    answers: () =>
      toHex(sha256(abc)) === 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    refuses: () => toHex(sha256(changed(abc))) !== toHex(sha256(abc)),
  },
  {
    algorithm: 'SHA-1',
    source: 'FIPS 180-4, "abc"',
    answers: () => toHex(sha1(abc)) === 'a9993e364706816aba3e25717850c26c9cd0d89d',
    refuses: () => toHex(sha1(changed(abc))) !== toHex(sha1(abc)),
  },
  {
    algorithm: 'P-256 public key',
    source: 'RFC 6979, A.2.5',
    answers: () => toHex(p256FromScalar(p256.scalar).publicKey.point) === toHex(p256.point),
    refuses: () => isRefused(() => p256PublicKey(changed(p256.point))),
  },
  {
    algorithm: 'ECDSA P-256 SHA-256 verification',
    source: 'RFC 6979, A.2.5',
    answers: () => verifies(p256.message, p256.signature),
    refuses: () =>
      !verifies(changed(p256.message), p256.signature) &&
      !verifies(p256.message, changed(p256.signature)),
  },
  {
    algorithm: 'ECDSA P-256 SHA-256 signature',
    source: 'pairwise, key of RFC 6979, A.2.5',
    answers: () => verifies(p256.message, signP256Der(p256FromScalar(p256.scalar), p256.message)),
    refuses: () =>
      !verifies(p256.message, signP256Der(p256FromScalar(p256.scalar), changed(p256.message))),
  },
  {
    algorithm: 'AES-256-GCM',
    source: 'NIST GCM, test case 16',
    answers: () => toHex(encryptGcm(gcm)) === gcm.tag + gcm.ciphertext && opened(encryptGcm(gcm)),
    refuses: () => !opened(changed(encryptGcm(gcm))),
  },
  {
    algorithm: 'PBKDF2-HMAC-SHA-256',
    source: 'RFC 7914, section 11',
    answers: () =>
      derived('passwd') === '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc',
    refuses: () => derived('passwe') !== derived('passwd'),
  },
]

function verifies(message: Uint8Array, signature: Uint8Array): boolean {
  return verifyP256Der({ publicKey: p256PublicKey(p256.point), message, signature })
}

function opened(encrypted: Uint8Array): boolean {
  const plaintext = decryptGcm({ ...gcm, encrypted })
  return plaintext !== undefined && toHex(plaintext) === toHex(gcm.plaintext)
}

function derived(password: string): string {
  const salt = encodeUtf8('salt')
  const input = { password: encodeUtf8(password), salt, iterations: 1, length: 32 }
  return toHex(pbkdf2Sha256Sync(input))
}

/** The octets with one bit of the last one turned around. */
function changed(octets: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(octets)
  const last = copy.length - 1
  copy[last] = (copy[last] ?? 0) ^ 1
  return copy
}

function isRefused(work: () => unknown): boolean {
  try {
    work()
    return false
  } catch {
    return true
  }
}
