import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

/**
 * Reasons of the verifier beside those of the codecs (attestation chapter 12, attestation-verifier 4.2, 9.2). Those about
 * evidence are found in verdicts, not thrown.
 */
export const verifierErrorTable = {
  E_KEY_UNKNOWN: {
    fault: 'caller',
    meaning: 'No trust anchor is known for the identity that the evidence names.',
    remedy: 'import the CoRIM of the batch that the device belongs to',
  },
  E_KEY_REVOKED: {
    fault: 'caller',
    meaning: 'The key of the device is known and was taken out of trust.',
    remedy: 'treat the device as lost; register it anew only after it was examined',
  },
  E_KEY_VALIDITY: {
    fault: 'caller',
    meaning: 'The endorsement that names the key of the device is not valid at this time.',
    remedy: 'import an endorsement whose validity covers the present, or set the clock',
  },
  E_X509_PARSE: {
    fault: 'caller',
    meaning: 'A certificate beside the evidence is no X.509 v3 certificate on P-256 with SHA-256.',
    remedy: 'have the device send its certificate in strict DER, the leaf first',
  },
  E_X509_SIGNATURE: {
    fault: 'caller',
    meaning: 'A certificate is not signed by the authority that it names.',
    remedy: 'configure the authority of the chip family that the device belongs to',
  },
  E_X509_CA: {
    fault: 'caller',
    meaning: 'A certificate that may not issue has issued, or the leaf is an authority.',
    remedy: 'treat the chain as forged',
  },
  E_X509_TIME: {
    fault: 'caller',
    meaning: 'The time of verification is outside the validity of a certificate.',
    remedy: 'check the clock of the verifier, then the certificate',
  },
  E_X509_SUBJECT: {
    fault: 'caller',
    meaning: 'The subject of a device certificate has not the form that its authority allows.',
    remedy: 'list the prefix of the chip family with the authority, if it belongs there',
  },
  E_X509_REVOKED: {
    fault: 'caller',
    meaning: 'A device certificate stands on the local deny list.',
    remedy: 'treat the device as lost',
  },
  E_INSTANCE_ID_BINDING: {
    fault: 'caller',
    meaning: 'The instance id of a token does not belong to the certified key.',
    remedy: 'treat the token as forged',
  },
  E_NONCE_MISMATCH: {
    fault: 'caller',
    meaning: 'The nonce of the token is not that of the session.',
    remedy: 'ask the device for a fresh token over the nonce of this session',
  },
  E_SESSION_EXPIRED: {
    fault: 'caller',
    meaning: 'A session is past its time.',
    remedy: 'open a new session',
  },
  E_SESSION_FOREIGN: {
    fault: 'caller',
    meaning: 'A session id was not made by this verifier, or was changed.',
    remedy: 'pass the session id as it was given',
  },
  E_CORIM_SIGNATURE: {
    fault: 'caller',
    meaning: 'The signature of a CoRIM does not verify under an accepted signer.',
    remedy: 'accept the signer by its key or authority, or have the CoRIM signed by one',
  },
  E_CORIM_CONFLICT: {
    fault: 'caller',
    meaning: 'An instance id is registered already with another key.',
    remedy: 'find out which of the two is right; only a manager may replace the key',
  },
  E_CORIM_VALIDITY: {
    fault: 'caller',
    meaning: 'A CoRIM or its signature is not valid at this time.',
    remedy: 'have the CoRIM made again with a validity that covers the present',
  },
  E_JWS_FORMAT: {
    fault: 'caller',
    meaning: 'A result is no compact JWS: three segments of base64url, a JSON object as header.',
    remedy: 'pass the token as it was received',
  },
  E_JWS_ALG: {
    fault: 'caller',
    meaning: 'A result is signed with another algorithm than the one that is configured.',
    remedy: 'configure the algorithm of the key of the verifier; never none or an HMAC',
  },
  E_JWT_EXPIRED: {
    fault: 'caller',
    meaning: 'A result is past its time.',
    remedy: 'have the evidence verified again',
  },
  POLICY_RULES: {
    fault: 'caller',
    meaning: 'The text of a policy is not understood, or names what is not there.',
    remedy: 'correct the rule that the message names; the active policy is unchanged',
  },
  POLICY_MALFUNCTION: {
    fault: 'infrastructure',
    meaning: 'A policy could not be evaluated, so that it says nothing of the device.',
    remedy: 'correct the rule that the message names, for example for a claim that is absent',
  },
  STORE_UNAVAILABLE: {
    fault: 'infrastructure',
    meaning: 'The store of trust anchors gave no answer, so that nothing was judged.',
    remedy: 'restore the store and ask again',
    retryable: true,
  },
} as const satisfies ErrorTable

export type VerifierErrorCode = keyof typeof verifierErrorTable

export class VerifierError extends KeylineError<VerifierErrorCode> {
  constructor(code: VerifierErrorCode, message: string, options?: ErrorOptionsOf) {
    super(verifierErrorTable, code, message, options)
  }
}
