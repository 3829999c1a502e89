import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

/**
 * Reasons why a token, an endorsement or a result is refused (attestation chapter 12, attestation-verifier 4.2 and 9.2).
 * `details.offset` is the octet, `details.field` the claim by its JSON name, where there is one.
 */
export const eatErrorTable = {
  E_CBOR_TRUNCATED: {
    fault: 'caller',
    meaning: 'The input ends inside a CBOR item, is empty, or a declared length passes its end.',
    remedy: 'pass the whole message; it was cut on the way',
  },
  E_CBOR_TRAILING: {
    fault: 'caller',
    meaning: 'Octets stand behind the CBOR item.',
    remedy: 'pass exactly one item',
  },
  E_CBOR_MALFORMED: {
    fault: 'caller',
    meaning:
      'Reserved additional information, a break outside an indefinite item, or a simple value in the wrong form.',
    remedy: 'have the sender encode CBOR as RFC 8949 says',
  },
  E_CBOR_INDEFINITE: {
    fault: 'caller',
    meaning: 'A CBOR item has an indefinite length.',
    remedy: 'have the sender write definite lengths',
  },
  E_CBOR_DUPLICATE_KEY: {
    fault: 'caller',
    meaning: 'A CBOR map has a key twice.',
    remedy: 'have the sender write each key once',
  },
  E_CBOR_UTF8: {
    fault: 'caller',
    meaning: 'A CBOR text is not UTF-8.',
    remedy: 'have the sender write texts in UTF-8, or octets as a byte string',
  },
  E_CBOR_DEPTH: {
    fault: 'caller',
    meaning: 'CBOR items are nested deeper than the limit.',
    remedy: 'have the sender nest no deeper than the limit that the message names',
  },
  E_SIZE_LIMIT: {
    fault: 'caller',
    meaning: 'The message is larger than the limit.',
    remedy: 'send a smaller message, or raise the limit where it is configured',
  },
  CBOR_VALUE: {
    fault: 'bug',
    meaning: 'A value has no CBOR form.',
    remedy: 'use integers below 2^64, well-formed texts and octets; wrap a float in CborFloat',
  },
} as const satisfies ErrorTable

export type EatErrorCode = keyof typeof eatErrorTable

export class EatError extends KeylineError<EatErrorCode> {
  constructor(code: EatErrorCode, message: string, options?: ErrorOptionsOf) {
    super(eatErrorTable, code, message, options)
  }
}
