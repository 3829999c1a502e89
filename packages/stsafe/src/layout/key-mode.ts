import type { KeyModeName, KeyType, KeyUsage } from './symmetric-key.ts'

/** What keys of a mode may be, in octets where it counts. */
export interface KeyModeRule {
  readonly types: readonly KeyType[]
  readonly usages: readonly KeyUsage[]
  /** Of the tag; nothing where the mode has none. */
  readonly tagLengths?: readonly number[]
  /** Least and greatest of the shortest MAC that a key may demand. */
  readonly minMacLength?: readonly [number, number]
}

const aes = ['AES-128', 'AES-256'] as const
const cipher = ['encrypt', 'decrypt'] as const
const chunked = [...cipher, 'encryptChunks', 'decryptChunks'] as const
const mac = ['generateMac', 'verifyMac'] as const

/** Section 3.9.5, with every tag length that the algorithms define (decision D-57). */
export const keyModeTable = {
  'CCM*': { types: aes, usages: chunked, tagLengths: [0, 4, 6, 8, 10, 12, 14, 16] },
  CMAC: { types: aes, usages: mac, minMacLength: [1, 16] },
  ECB: { types: aes, usages: cipher },
  GCM: { types: aes, usages: chunked, tagLengths: [4, 8, 12, 13, 14, 15, 16] },
  HKDF: { types: ['generic'], usages: ['derive'] },
  HMAC: { types: ['generic'], usages: mac, minMacLength: [1, 32] },
} as const satisfies Readonly<Record<KeyModeName, KeyModeRule>>

/** A generic secret has 16 to 32 octets; AES keys lie at both ends. */
export const keyLengthRange = { least: 16, most: 32 } as const
/** Four octets of counter in a nonce of 13. */
export const maxCounterOffset = 9
