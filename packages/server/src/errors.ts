import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

/** Errors of the server: what it refuses before any room below is asked, and why it does not start. */
export const serverErrorTable = {
  SERVER_CREDENTIALS_MISSING: {
    fault: 'caller',
    meaning: 'The endpoint is for members, and the caller has shown no client certificate.',
    remedy: 'present the client certificate of a member over mutual TLS',
  },
  SERVER_TOKEN_MISSING: {
    fault: 'caller',
    meaning: 'A first enrolment names no member and one-time token.',
    remedy: 'send name and token with HTTP Basic authentication',
  },
  SERVER_CERTIFICATE_REFUSED: {
    fault: 'operator',
    meaning: 'The client certificate is expired, not of this service, or of no member any more.',
    remedy: 'enrol again with a new one-time token from an owner',
  },
  SERVER_MEMBER_BLOCKED: {
    fault: 'operator',
    meaning: 'The member is blocked.',
    remedy: 'ask an owner or officer why, and to unblock the member',
  },
  SERVER_ROLE_REFUSED: {
    fault: 'operator',
    meaning: 'The role of the member does not allow this.',
    remedy: 'ask a member with one of the roles that the message names',
  },
  SERVER_ROUTE_UNKNOWN: {
    fault: 'caller',
    meaning: 'The server has no such endpoint.',
    remedy: 'see /openapi.json for the endpoints',
  },
  SERVER_NOT_FOUND: {
    fault: 'caller',
    meaning: 'The thing that the address names is not there.',
    remedy: 'correct the name that the message repeats',
  },
  SERVER_METHOD: {
    fault: 'caller',
    meaning: 'The endpoint does not take this HTTP method.',
    remedy: 'use a method that the header Allow names',
  },
  SERVER_BODY_TOO_LARGE: {
    fault: 'caller',
    meaning: 'The body of the request is longer than the endpoint takes, 64 KiB as a rule.',
    remedy: 'send what the endpoint takes; a certificate request has at most 1 KiB',
  },
  SERVER_BODY_TIMEOUT: {
    fault: 'caller',
    meaning: 'The body of the request did not arrive in time.',
    remedy: 'send the request again over a faster connection',
    retryable: true,
  },
  SERVER_HEADERS_TOO_MANY: {
    fault: 'caller',
    meaning: 'The request has more than 100 header lines.',
    remedy: 'send fewer headers',
  },
  SERVER_MEDIA_TYPE: {
    fault: 'caller',
    meaning: 'The body has another media type than the endpoint takes.',
    remedy: 'set Content-Type to a type that the message names',
  },
  SERVER_BODY_INVALID: {
    fault: 'caller',
    meaning: 'The body is not what its media type says, or lacks what the endpoint needs.',
    remedy: 'correct the place that the message names',
  },
  SERVER_HEADER_INVALID: {
    fault: 'caller',
    meaning: 'A header or a part of the address is missing or malformed.',
    remedy: 'correct the value that the message names',
  },
  SERVER_REQUEST_REFUSED: {
    fault: 'caller',
    meaning: 'The certificate request of a member breaks a rule.',
    remedy: 'make a new P-256 key and a request whose subject is empty or the name of the member',
  },
  SERVER_EST_REFUSED: {
    fault: 'caller',
    meaning: 'The policy of the server refuses this function of EST.',
    remedy: 'let the device make its key, and enrol it with simpleenroll',
  },
  SERVER_RATE: {
    fault: 'infrastructure',
    meaning: 'The caller, or all callers together, send more requests than the server allows.',
    remedy: 'wait as long as Retry-After says, then send the request again',
    retryable: true,
  },
  SERVER_OVERLOADED: {
    fault: 'infrastructure',
    meaning: 'The server has as much work in its queue as it takes.',
    remedy: 'wait as long as Retry-After says, then send the request again',
    retryable: true,
  },
  SERVER_NOT_READY: {
    fault: 'infrastructure',
    meaning:
      'The store or the signer of the server does not answer, or its self-test has not ended.',
    remedy: 'check the database and the signer; the log of the server names the part',
    retryable: true,
  },
  SERVER_STOPPING: {
    fault: 'infrastructure',
    meaning: 'The server is about to stop and takes no new work.',
    remedy: 'send the request again, to another server or after the restart',
    retryable: true,
  },
  SERVER_CREDENTIALS_REFUSED: {
    fault: 'caller',
    meaning: 'The name, the password or the API key is wrong or has expired.',
    remedy: 'send valid credentials; `keyline attest` makes new ones at the machine of the service',
  },
  SERVER_CREDENTIAL_DAMAGED: {
    fault: 'infrastructure',
    meaning: 'What the record keeps of a password is not of a form that the server checks.',
    remedy: 'remove the credential and make it again',
  },
  SERVER_CREDENTIALS_OFF: {
    fault: 'operator',
    meaning: 'A service with the policy production was configured to ask nobody for credentials.',
    remedy: 'ask for credentials, or run the service with the policy test',
  },
  SERVER_PASSWORD: {
    fault: 'operator',
    meaning: 'A password for the verifier is too short to be one, or too long to be checked.',
    remedy: 'choose a password of 12 to 1024 octets',
  },
  SERVER_SIGNER_KEY: {
    fault: 'operator',
    meaning: 'A key that was configured as a signer of CoRIMs is none.',
    remedy: 'give public keys in PEM, on P-256, P-384 or P-521',
  },
  SERVER_NOT_ACCEPTABLE: {
    fault: 'caller',
    meaning: 'The header Accept allows none of the media types that the endpoint answers with.',
    remedy: 'leave Accept out, or allow the type that the message names',
  },
  SERVER_BODY_EMPTY: {
    fault: 'caller',
    meaning: 'The request has no body.',
    remedy: 'send the document that the endpoint takes as the body',
  },
  SERVER_SCHEME_UNKNOWN: {
    fault: 'caller',
    meaning: 'The verifier has no attestation scheme of this name.',
    remedy: 'name PSA_IOT',
  },
  SERVER_POLICY_RULES: {
    fault: 'caller',
    meaning: 'The text of a policy is not understood, or names what is not there.',
    remedy: 'correct the rule that the message names; the active policy is unchanged',
  },
  SERVER_POLICY_ENGINE: {
    fault: 'caller',
    meaning: 'The policy is written in a language that this service has no engine for.',
    remedy: 'translate the policy to the native JSON form, whose conditions may be CEL expressions',
  },
  SERVER_NOT_IMPLEMENTED: {
    fault: 'caller',
    meaning: 'The interface defines this operation, and this service does without it.',
    remedy: 'leave the request out: what is submitted is active at once',
  },
  SERVER_NONCE_EXCLUSIVE: {
    fault: 'caller',
    meaning: 'A session was asked for with a nonce and with the size of one.',
    remedy: 'pass nonce or nonceSize, not both',
  },
  SERVER_NONCE_SIZE: {
    fault: 'caller',
    meaning: 'The size of the nonce is no number from 8 to 64.',
    remedy: 'pass nonceSize=32, 48 or 64: a PSA token carries no other',
  },
  SERVER_NONCE_ENCODING: {
    fault: 'caller',
    meaning: 'The nonce is no base64url.',
    remedy: 'encode the octets of the nonce in base64url, with or without padding',
  },
  SERVER_NONCE_LENGTH: {
    fault: 'caller',
    meaning: 'The nonce has a length that the endpoint does not take.',
    remedy:
      'pass 8 to 64 octets for a session, and the nonce of the service as it was given for one request',
  },
  SERVER_NONCE_MISSING: {
    fault: 'caller',
    meaning: 'Evidence came without a nonce and outside a session.',
    remedy: 'ask for a nonce, let the device sign it, and pass it beside the evidence',
  },
  SERVER_NONCE_FOREIGN: {
    fault: 'caller',
    meaning: 'The nonce was not made by this service, or for another tenant, or was changed.',
    remedy: 'ask this service for a nonce and have the device make a token over it',
  },
  SERVER_NONCE_EXPIRED: {
    fault: 'caller',
    meaning: 'The nonce is past its time.',
    remedy: 'ask for a new nonce and have the device make a token over it',
  },
  SERVER_NONCE_USED: {
    fault: 'caller',
    meaning: 'Other evidence was verified with this nonce already.',
    remedy: 'ask for a new nonce for each token',
  },
  SERVER_CMW: {
    fault: 'caller',
    meaning: 'The wrapper around the evidence (CMW) is not of its form.',
    remedy:
      'send [type, value] in JSON or CBOR, the tagged form, or the evidence without a wrapper',
  },
  SERVER_SESSION_ID: {
    fault: 'caller',
    meaning: 'The id of a session has not the form of one.',
    remedy: 'use the address of the header Location as it was given',
  },
  SERVER_SESSION_UNKNOWN: {
    fault: 'caller',
    meaning: 'There is no such session, or it has ended.',
    remedy: 'open a new session',
  },
  SERVER_SESSION_USED: {
    fault: 'caller',
    meaning: 'Other evidence was submitted to the session already.',
    remedy: 'open a new session for each token',
  },
  SERVER_UNAVAILABLE: {
    fault: 'infrastructure',
    meaning: 'The verifier could not check: its record, its signer or its log gave no answer.',
    remedy: 'wait as long as Retry-After says, then send the request again; nothing was found bad',
    retryable: true,
  },
  SERVER_EVIDENCE_UNCHECKED: {
    fault: 'infrastructure',
    meaning:
      'The verifier failed while it worked on the evidence of a session. The device was not judged.',
    remedy: 'open a new session; the log of the server has the cause under the request id',
    retryable: true,
  },
  SERVER_KEY_ROTATION: {
    fault: 'operator',
    meaning:
      'A key was to be replaced whose successor is announced, or which has just come into force.',
    remedy: 'wait until the key has been in force for as long as the message says',
  },
  SERVER_KEYS_DAMAGED: {
    fault: 'infrastructure',
    meaning: 'What the record keeps of the keys of the verifier cannot be read.',
    remedy:
      'restore the record from a backup; without it, remove the setting that the message names',
  },
  SERVER_BUG: {
    fault: 'bug',
    meaning: 'The server met an error that it does not know.',
    remedy: 'report the request id; the log of the server has the cause',
  },
  SERVER_SELF_TEST: {
    fault: 'infrastructure',
    meaning: 'A primitive, the random generator, the signer or the store failed the self-test.',
    remedy:
      'repair the part that the message names; a server that fails its self-test never serves',
  },
  SERVER_ADDRESS: {
    fault: 'operator',
    meaning: 'The server cannot listen on the address.',
    remedy: 'name a free port and an address of this machine with --listen',
  },
  SERVER_SERVICE_CA_MISSING: {
    fault: 'operator',
    meaning: 'The ledger has no service CA, which names the members of the service.',
    remedy: 'run `keyline serve --init` once for this ledger',
  },
  SERVER_SERVICE_CA_EXISTS: {
    fault: 'operator',
    meaning: 'The ledger has a service CA already; a second one would shut out every member.',
    remedy: 'start the server without --init',
  },
} as const satisfies ErrorTable

export type ServerErrorCode = keyof typeof serverErrorTable

export class ServerError extends KeylineError<ServerErrorCode> {
  constructor(code: ServerErrorCode, message: string, options?: ErrorOptionsOf) {
    super(serverErrorTable, code, message, options)
  }
}
