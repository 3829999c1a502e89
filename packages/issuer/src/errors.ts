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
    meaning: 'A certificate asked for again was issued by another PAI than the present one.',
    remedy: 'finish the order with the PAI it was begun with',
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
  ISSUER_PKI_INPUT: {
    fault: 'caller',
    meaning: 'A PAA and PAI cannot be made from these names, ids or dates.',
    remedy: 'correct the field that the message names',
  },
} as const satisfies ErrorTable

export type IssuerErrorCode = keyof typeof issuerErrorTable

export class IssuerError extends KeylineError<IssuerErrorCode> {
  constructor(code: IssuerErrorCode, message: string, options?: ErrorOptionsOf) {
    super(issuerErrorTable, code, message, options)
  }
}
