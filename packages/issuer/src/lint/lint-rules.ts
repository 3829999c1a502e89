import type { RuleTable } from '@keyline/bytes'

const remedy =
  'do not release the certificate; keep the finding and look for the fault in the issuer'

/**
 * Invariants of a finished device certificate, checked by code that shares nothing with the builder.
 * Source: issuing, section 5.
 */
export const lintRules = {
  'LINT-01': { severity: 'error', text: 'The certificate is X.509 in strict DER.', remedy },
  'LINT-02': { severity: 'error', text: 'The version is 3.', remedy },
  'LINT-03': {
    severity: 'error',
    text: 'The serial number is positive and takes at most 20 octets.',
    remedy,
  },
  'LINT-04': {
    severity: 'error',
    text: 'Both signature algorithms are ecdsa-with-SHA256 without parameters.',
    remedy,
  },
  'LINT-05': { severity: 'error', text: 'The issuer is the PAI subject octet by octet.', remedy },
  'LINT-06': {
    severity: 'error',
    text: 'The subject names exactly one vendor id and one product id.',
    remedy,
  },
  'LINT-07': {
    severity: 'error',
    text: 'The ids are those of the work order and agree with the PAI.',
    remedy,
  },
  'LINT-08': {
    severity: 'error',
    text: 'The validity is in order and inside the validity of the PAI.',
    remedy,
  },
  'LINT-09': {
    severity: 'error',
    text: 'basicConstraints is critical, CA false, without pathLen.',
    remedy,
  },
  'LINT-10': {
    severity: 'error',
    text: 'keyUsage is critical and digitalSignature alone.',
    remedy,
  },
  'LINT-11': {
    severity: 'error',
    text: 'subjectKeyIdentifier is present, not critical, 20 octets.',
    remedy,
  },
  'LINT-12': {
    severity: 'error',
    text: 'authorityKeyIdentifier is present, not critical, and names the key of the PAI.',
    remedy,
  },
  'LINT-13': {
    severity: 'error',
    text: 'No other extension is there, and none twice.',
    remedy,
  },
  'LINT-14': { severity: 'error', text: 'The certificate has at most 600 octets.', remedy },
  'LINT-15': { severity: 'error', text: 'The signature verifies with the key of the PAI.', remedy },
  'LINT-16': { severity: 'error', text: 'The public key is that of the request.', remedy },
} as const satisfies RuleTable

export type LintRule = keyof typeof lintRules
