import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

/** Errors of issuing. The fault decides the verdict: only a refused request is the board's. */
export const issuerErrorTable = {
  ISSUER_REQUEST_REFUSED: {
    fault: 'board',
    meaning: 'The certificate request of the board breaks a rule CSR-….',
    remedy: 'look up the rule with `keyline explain`; take the board out if it repeats',
  },
  ISSUER_KEY_KNOWN: {
    fault: 'operator',
    meaning: 'The public key of the request belongs to another device or to a CA (CSR-07).',
    remedy:
      'stop both boards: a cloned flash or a broken generator of random numbers makes equal keys',
  },
  ISSUER_IDEMPOTENCY_CONFLICT: {
    fault: 'infrastructure',
    meaning: 'An idempotency key was used before with another request.',
    remedy: 'repeat the request octet by octet, or draw a new idempotency key',
  },
  ISSUER_ORDER_UNKNOWN: {
    fault: 'operator',
    meaning: 'The ledger has no such work order.',
    remedy: 'open the work order first, or correct its id',
  },
  ISSUER_ORDER_CLOSED: {
    fault: 'operator',
    meaning: 'The work order is closed.',
    remedy: 'open a new work order for further boards',
  },
  ISSUER_ORDER_PAUSED: {
    fault: 'operator',
    meaning: 'The work order is paused.',
    remedy: 'resume the work order, then run again; no certificate was used up',
  },
  ISSUER_ORDER_WINDOW: {
    fault: 'operator',
    meaning: 'The work order is not open yet, or its time is over.',
    remedy: 'wait until the order opens, or have a new one approved',
  },
  ISSUER_STATION_REFUSED: {
    fault: 'operator',
    meaning: 'The work order names its stations, and this one is not among them.',
    remedy: 'run the order at one of its stations, or have a new one approved',
  },
  ISSUER_QUOTA_REACHED: {
    fault: 'operator',
    meaning: 'The work order has used all its certificates.',
    remedy: 'raise the certificate limit of the order, or open a new one',
  },
  ISSUER_POLICY_MISMATCH: {
    fault: 'operator',
    meaning: 'A production order met an issuer that works under the policy test.',
    remedy: 'give the order to an issuer of policy production',
  },
  ISSUER_UNIT_UNKNOWN: {
    fault: 'infrastructure',
    meaning: 'The ledger has no such unit, so the certificate has no serial number to name.',
    remedy: 'reserve the unit in the ledger before its certificate is requested',
  },
  ISSUER_UNIT_CONFLICT: {
    fault: 'operator',
    meaning:
      'The record of the issuer has the unit, its serial number or its board otherwise than the request.',
    remedy:
      'find out which station has made the unit or the board before; a board gets one identity',
  },
  ISSUER_STORE_DOWN: {
    fault: 'infrastructure',
    meaning: 'The ledger is busy, full or away, so nothing can be issued.',
    remedy: 'ask again with the same idempotency key; when it stays so, look after the database',
    retryable: true,
  },
  ISSUER_RULE_BROKEN: {
    fault: 'operator',
    meaning: 'A certificate would break a rule ISS-…; nothing was signed.',
    remedy: 'make work order, PAI and validity agree as the rule says',
  },
  ISSUER_LINT_FAILED: {
    fault: 'bug',
    meaning: 'A finished certificate breaks an invariant of the lint; it was not released.',
    remedy: 'keep the findings and report them; no certificate was used up',
  },
  ISSUER_SIGNER_FAILED: {
    fault: 'infrastructure',
    meaning: 'The holder of the PAI key gave no signature, or one that does not verify.',
    remedy: 'check the signer and run again; no certificate was used up',
    retryable: true,
  },
  ISSUER_CLOCK_WRONG: {
    fault: 'infrastructure',
    meaning: 'The clock of the machine stands before the earliest time it can be.',
    remedy: 'set the clock of the machine, then run again',
    retryable: true,
  },
  ISSUER_PAI_UNUSABLE: {
    fault: 'caller',
    meaning: 'PAA, PAI and PAI key do not make an issuer: a profile, chain, key or date is wrong.',
    remedy: 'pass a PAI that satisfies its profile, its PAA, and the key of the PAI',
  },
  ISSUER_PAI_ROTATED: {
    fault: 'operator',
    meaning: 'The work order was begun with a PAI that this issuer does not hold any more.',
    remedy: 'finish the order with the PAI it was begun with, or close it and open a new one',
  },
  ISSUER_POLICY_REFUSES: {
    fault: 'caller',
    meaning: 'The policy production refuses test vendor ids, published keys and keys in files.',
    remedy: 'use the vendor id that the CSA assigned and a key that never leaves its module',
  },
  ISSUER_KEY_FILE: {
    fault: 'caller',
    meaning: 'The file of the PAI key is not an encrypted PKCS#8 PEM with a P-256 key.',
    remedy: 'make it with `keyline pki init`, or `openssl pkcs8 -topk8 -v2 aes-256-cbc`',
  },
  ISSUER_PASSPHRASE: {
    fault: 'caller',
    meaning: 'The passphrase does not open the file of the PAI key.',
    remedy: 'pass the passphrase that was set when the key was made',
  },
  ISSUER_KEY_URI: {
    fault: 'caller',
    meaning: 'The name of a key is neither a PKCS#11 URI (RFC 7512) nor the socket of a signer.',
    remedy:
      'write pkcs11:token=LABEL;object=LABEL?module-path=/PATH.so&pin-source=file:/PATH, or unix:/PATH',
  },
  ISSUER_MODULE: {
    fault: 'operator',
    meaning: 'The PKCS#11 module, or the package pkcs11js that speaks to it, cannot be loaded.',
    remedy: 'install pkcs11js, and name the shared library of the module with module-path',
  },
  ISSUER_TOKEN: {
    fault: 'operator',
    meaning: 'A PKCS#11 token does not hold the one key on P-256 that was named.',
    remedy: 'compare the name of the key with what `pkcs11-tool --list-objects` shows',
  },
  ISSUER_PIN: {
    fault: 'operator',
    meaning: 'The token refuses the PIN. It was tried once and is not tried again.',
    remedy: 'correct the PIN file before the next start: a token locks after a few wrong PINs',
  },
  ISSUER_SIGNER_LIMIT: {
    fault: 'operator',
    meaning: 'The signer has reached its own limit of certificates.',
    remedy: 'find out who asked for so many; then start the signer with a higher limit',
  },
  ISSUER_SIGNER_REFUSED: {
    fault: 'operator',
    meaning: 'The signer was asked to sign what is no device certificate and no list of its PAI.',
    remedy: 'find out what asked for it: a signer signs for one issuer and nothing else',
  },
  ISSUER_SIGNER_COUNTER: {
    fault: 'operator',
    meaning: 'The file in which a signer counts is damaged, or belongs to another key.',
    remedy: 'find out who changed it; a new signer key gets a new file',
  },
  ISSUER_SIGNER_SOCKET: {
    fault: 'operator',
    meaning: 'A signer cannot open its socket where it was told to.',
    remedy: 'name a short path in a folder that only the user of the signer can enter',
  },
  ISSUER_CRL_SIGNER: {
    fault: 'operator',
    meaning: 'Certificate and key do not make a signer of the revocation lists of a CA.',
    remedy:
      'pass the CA with its own key, or a list signer that the CA has certified (REV-01 to 07)',
  },
  ISSUER_PKI_INPUT: {
    fault: 'caller',
    meaning: 'A PAA and PAI cannot be made from these names, ids or dates.',
    remedy: 'correct the field that the message names',
  },
  ISSUER_UNREACHABLE: {
    fault: 'infrastructure',
    meaning:
      'The issuer could not be reached, or the connection broke before its answer was whole.',
    remedy: 'check address, network and server, then run with --resume: nothing is issued twice',
    retryable: true,
  },
  ISSUER_BUSY: {
    fault: 'infrastructure',
    meaning: 'The issuer asked to come back later until the time for its answer was used up.',
    remedy: 'give the issuer time, or fewer stations, then run with --resume',
    retryable: true,
  },
  ISSUER_FAILED: {
    fault: 'infrastructure',
    meaning: 'The issuer met an error of its own.',
    remedy: 'look into the log of the issuer under the request id of the message',
    retryable: true,
  },
  ISSUER_REFUSED: {
    fault: 'operator',
    meaning: 'The issuer refused a call for a reason that is none of the board.',
    remedy: 'do what the message of the issuer asks for',
  },
  ISSUER_SERVER_UNTRUSTED: {
    fault: 'operator',
    meaning:
      'Who answers at the address of the issuer is not the issuer: its certificate is of another CA, for another name or expired. Nothing was sent.',
    remedy: 'check the address, and the CA certificate that the issuer was enrolled with',
  },
  ISSUER_STATION_UNTRUSTED: {
    fault: 'operator',
    meaning:
      'The issuer does not serve who asks: the certificate of the member is expired, unknown or blocked, or its role does not allow the call.',
    remedy: 'ask an officer for an invitation and run `keyline enroll` again',
  },
  ISSUER_ANSWER_MALFORMED: {
    fault: 'infrastructure',
    meaning: 'The answer of the issuer is too large or not in the form of its protocol.',
    remedy: 'check that the address is that of an issuer, and its version',
  },
  ISSUER_ANSWER_REFUSED: {
    fault: 'infrastructure',
    meaning:
      'The issuer answered with a certificate that does not fit the board, the order, the PAI or the date. It went nowhere.',
    remedy: 'stop the line and tell the officer of the issuer; the board is not to blame',
  },
  ISSUER_POOL: {
    fault: 'operator',
    meaning: 'The folder of issued certificates has none for this board, or cannot be used.',
    remedy: 'fill the folder from the PKI that issues, and check its rights',
  },
  ISSUER_PROGRAM: {
    fault: 'infrastructure',
    meaning: 'The program that issues failed, took too long or said something else than agreed.',
    remedy: 'run the program by hand with the request; the message ends with its last words',
  },
} as const satisfies ErrorTable

export type IssuerErrorCode = keyof typeof issuerErrorTable

export class IssuerError extends KeylineError<IssuerErrorCode> {
  constructor(code: IssuerErrorCode, message: string, options?: ErrorOptionsOf) {
    super(issuerErrorTable, code, message, options)
  }
}
