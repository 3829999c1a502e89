import type { RuleTable } from '@keyline/bytes'

/** The commissioner's checks in the order in which they run (matter-factory-data 12.2). The first failure decides. */
export const attestationRules = {
  'ATT-01': {
    severity: 'error',
    text: 'All inputs are present: DAC, PAI, at most 900 octets of elements, a nonce of 32 and a challenge of 16 octets.',
    remedy: 'check what the device answered; it left something out or sent too much',
  },
  'ATT-02': {
    severity: 'error',
    text: 'The PAI satisfies its certificate profile.',
    remedy: 'use a PAI that checkPai accepts; a new one comes from the vendor authority',
  },
  'ATT-03': {
    severity: 'error',
    text: 'The DAC satisfies its certificate profile.',
    remedy: 'issue the DAC again with a profile that satisfies it',
  },
  'ATT-04': {
    severity: 'error',
    text: 'Vendor and product id can be read from the subjects of DAC and PAI.',
    remedy: 'write the ids as four upper-case hexadecimal digits, each once',
  },
  'ATT-05': {
    severity: 'error',
    text: 'The PAI names a vendor, and the DAC names the same.',
    remedy: 'issue the DAC under the PAI of its vendor',
  },
  'ATT-06': {
    severity: 'error',
    text: 'The DAC names a product.',
    remedy: 'issue the DAC again with its product id',
  },
  'ATT-07': {
    severity: 'error',
    text: 'A PAI made for one product issues for that product alone.',
    remedy: 'issue the DAC under the PAI of its product, or one without a product',
  },
  'ATT-08': {
    severity: 'error',
    text: 'The attestation signature has 64 octets and verifies with the key of the DAC.',
    remedy: 'the device holds another private key than its DAC says: provision it again',
  },
  'ATT-09': {
    severity: 'error',
    text: 'A trusted PAA has the key identifier that the PAI names as its issuer.',
    remedy: 'add the PAA to the trust store, or use a PAI under a trusted one',
  },
  'ATT-10': {
    severity: 'error',
    text: 'A PAA made for one vendor issues for that vendor alone, and names no product.',
    remedy: 'use a PAI under the PAA of its vendor',
  },
  'ATT-11': {
    severity: 'error',
    text: 'The DAC is valid now.',
    remedy: 'set the clock; if it is right, issue the DAC again',
  },
  'ATT-12': {
    severity: 'error',
    text: 'DAC, PAI and PAA form a chain that was valid when the DAC began.',
    remedy: 'issue the DAC again under the PAI that the device carries',
  },
  'ATT-13': {
    severity: 'error',
    text: 'Neither DAC nor PAI is revoked.',
    remedy: 'set the device aside; a revoked identity is not shipped',
  },
  'ATT-14': {
    severity: 'error',
    text: 'The attestation elements decode: declaration, nonce, time stamp, in this order.',
    remedy: 'update the application firmware of the device',
  },
  'ATT-15': {
    severity: 'error',
    text: 'The device answers with the nonce that it was sent.',
    remedy: 'ask again; if it repeats, the device replays an old answer',
  },
  'ATT-16': {
    severity: 'error',
    text: 'The declaration is CMS signed data with one signer, SHA-256 and ECDSA.',
    remedy: 'use the declaration as the certification body delivered it',
  },
  'ATT-17': {
    severity: 'error',
    text: 'The signer of the declaration is known, and the policy allows it for this type.',
    remedy: 'use a declaration of an official signer, or policy test for development',
  },
  'ATT-18': {
    severity: 'error',
    text: 'The signature of the declaration verifies.',
    remedy: 'use the declaration as the certification body delivered it; it was changed',
  },
  'ATT-19': {
    severity: 'error',
    text: 'The content of the declaration decodes.',
    remedy: 'use the declaration as the certification body delivered it',
  },
  'ATT-20': {
    severity: 'error',
    text: 'The declaration has format version 1 and a certification type of 0 to 2.',
    remedy: 'use a declaration of this format',
  },
  'ATT-21': {
    severity: 'error',
    text: 'The declaration is for the vendor that the device reports.',
    remedy: 'store the declaration of this product, or correct the vendor id',
  },
  'ATT-22': {
    severity: 'error',
    text: 'The declaration lists the product that the device reports.',
    remedy: 'store the declaration of this product, or correct the product id',
  },
  'ATT-23': {
    severity: 'error',
    text: 'DAC and PAI carry the vendor that the declaration, or its DAC origin, names.',
    remedy: 'use certificates of the declared vendor',
  },
  'ATT-24': {
    severity: 'error',
    text: 'DAC and PAI carry a product that the declaration, or its DAC origin, names.',
    remedy: 'use certificates of a declared product',
  },
  'ATT-25': {
    severity: 'error',
    text: 'The PAA is one that the declaration authorises, where it authorises any.',
    remedy: 'use certificates under an authorised PAA',
  },
  'ATT-26': {
    severity: 'error',
    text: 'The firmware information is the expected one, where one is expected.',
    remedy: 'write the firmware that the order names',
  },
} as const satisfies RuleTable

export type AttestationCheck = keyof typeof attestationRules

/** Results of the SDK's verifier with the numbers that its logs show. */
export const SdkResult = {
  kSuccess: 0,
  kPaaNotFound: 101,
  kPaaFormatInvalid: 105,
  kPaiRevoked: 202,
  kPaiFormatInvalid: 203,
  kPaiVendorIdMismatch: 205,
  kPaiMissing: 207,
  kPaiAndDacRevoked: 208,
  kDacExpired: 300,
  kDacSignatureInvalid: 301,
  kDacRevoked: 302,
  kDacFormatInvalid: 303,
  kDacVendorIdMismatch: 305,
  kDacProductIdMismatch: 306,
  kFirmwareInformationMismatch: 400,
  kFirmwareInformationMissing: 401,
  kAttestationSignatureInvalid: 500,
  kAttestationElementsMalformed: 501,
  kAttestationNonceMismatch: 502,
  kAttestationSignatureInvalidFormat: 503,
  kCertificationDeclarationNoKeyId: 600,
  kCertificationDeclarationNoCertificateFound: 601,
  kCertificationDeclarationInvalidSignature: 602,
  kCertificationDeclarationInvalidFormat: 603,
  kCertificationDeclarationInvalidVendorId: 604,
  kCertificationDeclarationInvalidProductId: 605,
  kCertificationDeclarationInvalidPAA: 606,
  kInvalidArgument: 701,
} as const
export type SdkResult = keyof typeof SdkResult
