import type { RuleTable } from '@keyline/bytes'

const remedy =
  'do not release the certificate; keep the finding and look for the fault in the issuer'

const ofIssuer = 'have the certificate issued again with the profile of its role'

/**
 * Invariants of certificates, checked by code that shares nothing with the builder: 01 to 20 of a DAC (13 of one that this
 * issuer made, 17 to 20 of anyone's), 21 to 38 of a PAI, 41 to 58 of a PAA.
 * Source: issuing, section 5; matter, section 10.
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
  'LINT-17': {
    severity: 'warning',
    text: 'Beside the four extensions of the profile stand only those it allows, not critical, each once.',
    remedy: ofIssuer,
  },
  'LINT-18': {
    severity: 'warning',
    text: 'The CRL distribution point is one full name: http or https, at most 100 characters.',
    remedy: 'expect that commissioners do not find the revocation list',
  },
  'LINT-19': {
    severity: 'error',
    text: 'The DAC begins inside the validity of the PAA.',
    remedy: ofIssuer,
  },
  'LINT-20': {
    severity: 'error',
    text: 'The public key is an uncompressed point on P-256.',
    remedy: ofIssuer,
  },
  'LINT-21': {
    severity: 'error',
    text: 'The PAI is X.509 in strict DER.',
    remedy: ofIssuer,
  },
  'LINT-22': {
    severity: 'error',
    text: 'The version of the PAI is 3.',
    remedy: ofIssuer,
  },
  'LINT-23': {
    severity: 'error',
    text: 'The serial number of the PAI is positive and takes at most 20 octets.',
    remedy: ofIssuer,
  },
  'LINT-24': {
    severity: 'error',
    text: 'Both signature algorithms of the PAI are ecdsa-with-SHA256 without parameters.',
    remedy: ofIssuer,
  },
  'LINT-25': {
    severity: 'error',
    text: 'The issuer of the PAI is the PAA subject octet by octet.',
    remedy: 'pass the PAA that issued the PAI; they belong together',
  },
  'LINT-26': {
    severity: 'error',
    text: 'The subject of the PAI names exactly one vendor id and at most one product id.',
    remedy: ofIssuer,
  },
  'LINT-27': {
    severity: 'error',
    text: 'The vendor id of the PAI is that of the PAA, where the PAA has one.',
    remedy: 'use a PAI under the PAA of its vendor',
  },
  'LINT-28': {
    severity: 'error',
    text: 'The validity of the PAI is in order and begins inside that of the PAA.',
    remedy: ofIssuer,
  },
  'LINT-29': {
    severity: 'error',
    text: 'basicConstraints of the PAI is critical, CA true, pathLen 0.',
    remedy: ofIssuer,
  },
  'LINT-30': {
    severity: 'error',
    text: 'keyUsage of the PAI is critical: keyCertSign and cRLSign, at most digitalSignature beside them.',
    remedy: ofIssuer,
  },
  'LINT-31': {
    severity: 'error',
    text: 'subjectKeyIdentifier of the PAI is present, not critical, 20 octets.',
    remedy: ofIssuer,
  },
  'LINT-32': {
    severity: 'error',
    text: 'authorityKeyIdentifier of the PAI is present, not critical, and names the key of the PAA.',
    remedy: 'pass the PAA that issued the PAI; they belong together',
  },
  'LINT-33': {
    severity: 'warning',
    text: 'Beside the four extensions of its profile the PAI has only those it allows, not critical, each once.',
    remedy: ofIssuer,
  },
  'LINT-34': {
    severity: 'error',
    text: 'The PAI has at most 600 octets.',
    remedy: ofIssuer,
  },
  'LINT-35': {
    severity: 'error',
    text: 'The signature of the PAI verifies with the key of the PAA.',
    remedy: 'pass the PAA that issued the PAI; they belong together',
  },
  'LINT-36': {
    severity: 'error',
    text: 'The public key of the PAI is an uncompressed point on P-256.',
    remedy: ofIssuer,
  },
  'LINT-38': {
    severity: 'warning',
    text: 'The CRL distribution point of the PAI is one full name: http or https, at most 100 characters.',
    remedy: 'expect that commissioners do not find the revocation list',
  },
  'LINT-41': {
    severity: 'error',
    text: 'The PAA is X.509 in strict DER.',
    remedy: ofIssuer,
  },
  'LINT-42': {
    severity: 'error',
    text: 'The version of the PAA is 3.',
    remedy: ofIssuer,
  },
  'LINT-43': {
    severity: 'error',
    text: 'The serial number of the PAA is positive and takes at most 20 octets.',
    remedy: ofIssuer,
  },
  'LINT-44': {
    severity: 'error',
    text: 'Both signature algorithms of the PAA are ecdsa-with-SHA256 without parameters.',
    remedy: ofIssuer,
  },
  'LINT-45': {
    severity: 'error',
    text: 'The PAA is its own issuer.',
    remedy: 'pass the root; a PAA stands under nothing else',
  },
  'LINT-46': {
    severity: 'error',
    text: 'The subject of the PAA names at most one vendor id and no product id.',
    remedy: ofIssuer,
  },
  'LINT-48': {
    severity: 'error',
    text: 'The validity of the PAA is in order.',
    remedy: ofIssuer,
  },
  'LINT-49': {
    severity: 'error',
    text: 'basicConstraints of the PAA is critical, CA true, pathLen 1 or none.',
    remedy: ofIssuer,
  },
  'LINT-50': {
    severity: 'error',
    text: 'keyUsage of the PAA is critical: keyCertSign and cRLSign, at most digitalSignature beside them.',
    remedy: ofIssuer,
  },
  'LINT-51': {
    severity: 'error',
    text: 'subjectKeyIdentifier of the PAA is present, not critical, 20 octets.',
    remedy: ofIssuer,
  },
  'LINT-52': {
    severity: 'error',
    text: 'authorityKeyIdentifier of the PAA, where there is one, is not critical and names its own key.',
    remedy: ofIssuer,
  },
  'LINT-53': {
    severity: 'warning',
    text: 'Beside the extensions of its profile the PAA has only those it allows, not critical, each once.',
    remedy: ofIssuer,
  },
  'LINT-54': {
    severity: 'error',
    text: 'The PAA has at most 600 octets.',
    remedy: ofIssuer,
  },
  'LINT-55': {
    severity: 'error',
    text: 'The signature of the PAA verifies with its own key.',
    remedy: ofIssuer,
  },
  'LINT-56': {
    severity: 'error',
    text: 'The public key of the PAA is an uncompressed point on P-256.',
    remedy: ofIssuer,
  },
  'LINT-58': {
    severity: 'warning',
    text: 'The CRL distribution point of the PAA is one full name: http or https, at most 100 characters.',
    remedy: 'expect that commissioners do not find the revocation list',
  },
} as const satisfies RuleTable

export type LintRule = keyof typeof lintRules
