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
  E_COSE_TAG: {
    fault: 'caller',
    meaning: 'The message is neither a COSE_Sign1 (tag 18) nor a COSE_Mac0 (tag 17).',
    remedy: 'send the token itself with its tag, not wrapped in a CWT tag and not as COSE_Sign',
  },
  E_COSE_STRUCTURE: {
    fault: 'caller',
    meaning: 'A COSE message has not the four elements of their types.',
    remedy: 'have the sender build the message as RFC 9052 sections 4.2 and 6.2 say',
  },
  E_COSE_ALG_MISSING: {
    fault: 'caller',
    meaning: 'No header of a COSE message names an algorithm.',
    remedy: 'have the sender name the algorithm in the protected header',
  },
  E_COSE_ALG_UNPROTECTED: {
    fault: 'caller',
    meaning: 'The algorithm stands in the unprotected header alone.',
    remedy: 'have the sender name the algorithm in the protected header',
  },
  E_COSE_DUPLICATE_LABEL: {
    fault: 'caller',
    meaning: 'A label stands in both headers of a COSE message.',
    remedy: 'have the sender put each parameter into one header',
  },
  E_COSE_ALG_UNSUPPORTED: {
    fault: 'caller',
    meaning: 'The algorithm is unknown, not allowed, or not of the kind of the message.',
    remedy: 'use ES256, ES384 or ES512 for a COSE_Sign1, HMAC 256, 384 or 512 for a COSE_Mac0',
  },
  E_COSE_CRIT: {
    fault: 'caller',
    meaning:
      'The list of critical labels is empty, in the wrong place, or names a label that is not understood.',
    remedy: 'have the sender leave out what is not understood, or not mark it as critical',
  },
  E_COSE_DETACHED: {
    fault: 'caller',
    meaning: 'The payload of a COSE message is detached.',
    remedy: 'have the sender put the payload into the message',
  },
  E_COSE_X5CHAIN: {
    fault: 'caller',
    meaning: 'The parameter x5chain is neither a byte string nor a list of at least one.',
    remedy: 'have the sender put one DER certificate there, or a list of them, the leaf first',
  },
  E_CLAIMS_NOT_MAP: {
    fault: 'caller',
    meaning: 'The payload of a token is not a map of claims.',
    remedy: 'have the sender put the CBOR map of the claims into the payload',
  },
  E_PROFILE_UNKNOWN: {
    fault: 'caller',
    meaning: 'The profile of a token is missing where it is needed, or not one that is known.',
    remedy:
      'use tag:psacertified.org,2023:psa#tfm, PSA_IOT_PROFILE_1 or http://arm.com/psa/2.0.0, spelled exactly so',
  },
  E_CLAIM_MISSING: {
    fault: 'caller',
    meaning: 'A mandatory claim is missing.',
    remedy: 'have the device send the claim that the message names',
  },
  E_CLAIM_TYPE: {
    fault: 'caller',
    meaning: 'A claim is of another type than its profile says.',
    remedy: 'have the device encode the claim in the type that the message names',
  },
  E_CLAIM_SIZE: {
    fault: 'caller',
    meaning: 'A claim of octets has a length that its profile does not allow.',
    remedy: 'have the device send as many octets as the message names',
  },
  E_CLAIM_VALUE: {
    fault: 'caller',
    meaning: 'A claim has a value outside its range, or a text of the wrong form.',
    remedy: 'have the device send a value that the message allows',
  },
  E_SW_COMPONENTS_MISSING: {
    fault: 'caller',
    meaning: 'A token names no software components.',
    remedy:
      'have the boot loader hand over its measurements, or, in profile 1 alone, claim that there are none',
  },
  E_SW_COMPONENTS_EMPTY: {
    fault: 'caller',
    meaning: 'The list of software components is empty.',
    remedy: 'have the boot loader hand over at least one measurement',
  },
  E_SW_COMPONENTS_AND_NO_MEASUREMENTS: {
    fault: 'caller',
    meaning: 'A token lists software components and claims that there are none.',
    remedy: 'have the device send one of the two claims',
  },
  E_SW_COMPONENT_FIELD: {
    fault: 'caller',
    meaning: 'A field of a software component is missing or not as it must be.',
    remedy: 'have the boot loader write the field that the message names',
  },
  E_COSE_ALG_KEY_MISMATCH: {
    fault: 'caller',
    meaning: 'Type or curve of the key does not fit the algorithm of the message.',
    remedy:
      'register the key that the device signs with: P-256 for ES256, P-384 for ES384, P-521 for ES512',
  },
  E_SIG_LENGTH: {
    fault: 'caller',
    meaning: 'A signature or MAC has not the length that its algorithm gives.',
    remedy: 'have the sender write r and s behind each other, not as DER',
  },
  E_SIG_INVALID: {
    fault: 'caller',
    meaning: 'A signature or MAC does not verify.',
    remedy: 'check that the key is that of the device and that the message was not changed',
  },
  COSE_KEY: {
    fault: 'caller',
    meaning: 'A COSE_Key is no elliptic curve key on P-256, P-384 or P-521.',
    remedy:
      'pass a map with kty 2, crv 1, 2 or 3, and x and y as byte strings of the length of the curve',
  },
  BOOT_RECORD: {
    fault: 'caller',
    meaning: 'The shared area of the boot loader is not laid out as TF-M says.',
    remedy: 'check that boot loader and service agree on address and version of the shared area',
  },
  ST_SAMPLE: {
    fault: 'caller',
    meaning: 'A packed token of the sample has not the length that its challenge gives.',
    remedy: 'pass the 288 octets of the structure, or the size of its challenge',
  },
  E_CORIM_TAG: {
    fault: 'caller',
    meaning: 'A message is no CoRIM: its outer tag is neither 501 nor, signed, 18.',
    remedy: 'send the CoRIM with its tag 501, or as COSE_Sign1 over it',
  },
  E_CORIM_STRUCTURE: {
    fault: 'caller',
    meaning: 'A CoRIM or CoMID is not built as its draft says.',
    remedy:
      'have the tool that wrote it follow draft-ietf-rats-corim at the place that the message names',
  },
  E_CORIM_PROFILE_MISSING: {
    fault: 'caller',
    meaning: 'A CoRIM names no profile.',
    remedy: 'set its profile to tag:arm.com,2025:psa#1.0.0',
  },
  E_CORIM_PROFILE_UNSUPPORTED: {
    fault: 'caller',
    meaning: 'A CoRIM has a profile that is not read here.',
    remedy: 'set its profile to tag:arm.com,2025:psa#1.0.0, as an URI',
  },
  E_CORIM_CLASS_ID_TYPE: {
    fault: 'caller',
    meaning: 'A class id is not an implementation id of tagged octets.',
    remedy: 'write the implementation id as a byte string under tag 560',
  },
  E_CORIM_CLASS_ID_SIZE: {
    fault: 'caller',
    meaning: 'An implementation id has not 32 octets.',
    remedy: 'write the 32 octets of the implementation id',
  },
  E_CORIM_INSTANCE_UNEXPECTED: {
    fault: 'caller',
    meaning: 'Reference values name an instance.',
    remedy: 'leave the instance out: reference values belong to the implementation id',
  },
  E_CORIM_INSTANCE_MISSING: {
    fault: 'caller',
    meaning: 'An attestation key names no instance.',
    remedy: 'name the instance by its UEID',
  },
  E_CORIM_INSTANCE_TYPE: {
    fault: 'caller',
    meaning: 'The instance of an attestation key is no UEID of 33 octets that begins with 01.',
    remedy: 'write the instance id as a byte string under tag 550',
  },
  E_CORIM_MKEY: {
    fault: 'caller',
    meaning: 'A reference triple has no measurement with the key psa.software-component.',
    remedy: 'give every measurement this key',
  },
  E_CORIM_MVAL: {
    fault: 'caller',
    meaning: 'The values of a measurement are not as the PSA profile says.',
    remedy: 'write digests as a list of pairs and one signer id in a list, as the message names',
  },
  E_CORIM_KEY_COUNT: {
    fault: 'caller',
    meaning: 'An attestation key triple has not exactly one key.',
    remedy: 'write one triple for each key',
  },
  E_CORIM_KEY_TYPE: {
    fault: 'caller',
    meaning: 'An attestation key is not a public key as text.',
    remedy: 'write the key as text under tag 554',
  },
  E_CORIM_KEY_PARSE: {
    fault: 'caller',
    meaning: 'The text of an attestation key is no public key on P-256, P-384 or P-521.',
    remedy: 'write a SubjectPublicKeyInfo as PEM or base64; never a private key',
  },
  E_EAR_MISSING: {
    fault: 'caller',
    meaning: 'A mandatory member of an attestation result is missing or of the wrong type.',
    remedy: 'have the verifier write the member that the message names',
  },
  E_EAR_PROFILE: {
    fault: 'caller',
    meaning: 'An attestation result has a profile that is not read here.',
    remedy: 'use tag:github.com,2023:veraison/ear or tag:ietf.org,2026:rats/ear#03',
  },
  E_EAR_STATUS: {
    fault: 'caller',
    meaning: 'The status of an appraisal is none of none, affirming, warning, contraindicated.',
    remedy: 'have the verifier write one of the four, or its number',
  },
  E_EAR_CLAIM_RANGE: {
    fault: 'caller',
    meaning: 'A trustworthiness claim is no integer of -128 to 127.',
    remedy: 'have the verifier write an integer in this range',
  },
  E_EAR_NONCE: {
    fault: 'caller',
    meaning: 'The nonce of an attestation result has not the form or length of one.',
    remedy:
      'have the verifier repeat the nonce of the session: 8 to 64 octets, as base64url in JSON',
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
