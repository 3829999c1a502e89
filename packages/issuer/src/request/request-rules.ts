import type { RuleTable } from '@keyline/bytes'

const boardRemedy = 'the board sends a bad request; repair or replace its provisioning firmware'

/** What a certificate request of a board must satisfy, in the order of evaluation. Source: station 8.1. */
export const requestRules = {
  'CSR-08': {
    severity: 'error',
    text: 'A request has 1 to 1024 octets.',
    remedy: boardRemedy,
  },
  'CSR-01': {
    severity: 'error',
    text: 'A request is PKCS#10 in strict DER without trailing octets.',
    remedy: boardRemedy,
  },
  'CSR-02': {
    severity: 'error',
    text: 'The version of a request is 0.',
    remedy: boardRemedy,
  },
  'CSR-03': {
    severity: 'error',
    text: 'The key is id-ecPublicKey on the named curve prime256v1, an uncompressed point on the curve.',
    remedy: boardRemedy,
  },
  'CSR-04': {
    severity: 'error',
    text: 'The request is signed with ecdsa-with-SHA256.',
    remedy: boardRemedy,
  },
  'CSR-05': {
    severity: 'error',
    text: 'The signature verifies with the key of the request: the board holds the private key.',
    remedy: boardRemedy,
  },
  'CSR-06': {
    severity: 'error',
    text: 'A vendor or product id in the subject is that of the work order.',
    remedy: 'load the firmware of the ordered product, or correct the work order',
  },
  'CSR-07': {
    severity: 'error',
    text: 'The public key was not seen before, in another device or in a CA.',
    remedy: 'stop both boards: a cloned flash or a broken random generator makes equal keys',
  },
  'CSR-09': {
    severity: 'error',
    text: 'Under the policy production the key is not a published test key.',
    remedy: 'let the board make its own key; a published key protects nothing',
  },
} as const satisfies RuleTable

export type RequestRule = keyof typeof requestRules
