import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

export const cryptoErrorTable = {
  CIPHER_PARAMETER: {
    fault: 'caller',
    meaning: 'A key, nonce, tag or message has a length that the algorithm does not take.',
    remedy: 'use the lengths that the message names',
  },
  CURVE_KEY: {
    fault: 'caller',
    meaning:
      'A key does not fit its curve: wrong length, scalar out of range or point off the curve.',
    remedy:
      'pass the raw key of the curve: X ‖ Y or 32 octets public, one coordinate length private',
  },
  KEY_INVALID: {
    fault: 'caller',
    meaning: 'A key is malformed, on another curve, or a point is not on its curve.',
    remedy: 'pass a P-256 key: 32 octets private, 65 octets uncompressed public, PKCS#8 or SEC1',
  },
  KEY_PASSPHRASE: {
    fault: 'operator',
    meaning: 'An encrypted key could not be opened with the passphrase.',
    remedy: 'pass the passphrase that was set when the key was made',
  },
  SEAL_BROKEN: {
    fault: 'infrastructure',
    meaning: 'A sealed value could not be opened: another store key, or the value was changed.',
    remedy: 'pass the store key that sealed the value (KEYLINE_STORE_KEY_FILE)',
  },
  SPAKE2P_PARAMETER: {
    fault: 'caller',
    meaning: 'A SPAKE2+ parameter is outside its range.',
    remedy: 'use a passcode of 1 to 99999998, a salt of 16 to 32 octets, 1000 to 100000 iterations',
  },
} as const satisfies ErrorTable

export type CryptoErrorCode = keyof typeof cryptoErrorTable

export class CryptoError extends KeylineError<CryptoErrorCode> {
  constructor(code: CryptoErrorCode, message: string, options?: ErrorOptionsOf) {
    super(cryptoErrorTable, code, message, options)
  }
}
