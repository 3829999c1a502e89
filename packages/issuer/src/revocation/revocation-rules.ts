import type { RuleTable } from '@keyline/bytes'

const signer =
  'have the certificate of the list signer made anew as the rule says, or let the CA sign its own lists'
const record =
  'correct the field before the transaction is sent: the ledger of the alliance refuses it'

/** Who may sign a revocation list, and what a record of its place must look like. Source: issuing, section 3. */
export const revocationRules = {
  'REV-01': {
    severity: 'error',
    text: 'The certificate of the list signer is X.509 version 3 with ecdsa-with-SHA256 and a key on P-256.',
    remedy: signer,
  },
  'REV-02': {
    severity: 'error',
    text: 'A CA that signs its own lists has keyUsage with cRLSign.',
    remedy:
      'use a CA whose keyUsage has cRLSign, or a separate signer that it delegates its lists to',
  },
  'REV-03': {
    severity: 'error',
    text: 'The certificate of the list signer has a subjectKeyIdentifier.',
    remedy: signer,
  },
  'REV-04': {
    severity: 'error',
    text: 'A separate list signer has critical basicConstraints with CA false.',
    remedy: signer,
  },
  'REV-05': {
    severity: 'error',
    text: 'A separate list signer has critical keyUsage with cRLSign, and nothing but cRLSign and digitalSignature.',
    remedy: signer,
  },
  'REV-06': {
    severity: 'error',
    text: 'A separate list signer is certified by the CA whose lists it signs.',
    remedy: signer,
  },
  'REV-07': {
    severity: 'error',
    text: 'The key that signs is the key of the certificate of the list signer.',
    remedy: 'pass the key of that certificate',
  },
  'REV-11': {
    severity: 'error',
    text: 'The vendor id is 1 to 65535, and the one that the CA names.',
    remedy: record,
  },
  'REV-12': {
    severity: 'error',
    text: 'The product id is that of the PAI where it names one, and is empty for a PAA.',
    remedy: record,
  },
  'REV-13': { severity: 'error', text: 'The label has 1 to 64 characters.', remedy: record },
  'REV-14': {
    severity: 'error',
    text: 'The data URL is http or https and has at most 256 characters.',
    remedy: record,
  },
} as const satisfies RuleTable
export type RevocationRule = keyof typeof revocationRules
