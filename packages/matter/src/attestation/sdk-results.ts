import type { AttestationCheck, SdkResult } from './rules.ts'

/** Why a commissioner gives a result: the checks that end in it, what usually lies behind, and what helps. */
export interface SdkResultEntry {
  readonly checks: readonly AttestationCheck[]
  readonly causes: readonly string[]
  readonly remedy: string
}

/** The failures of the SDK's verifier (matter-factory-data 12.2). Numbers stand in `SdkResult`. */
export const sdkResults: Readonly<Record<Exclude<SdkResult, 'kSuccess'>, SdkResultEntry>> = {
  kPaaNotFound: {
    checks: ['ATT-09'],
    causes: [
      'the commissioner does not trust the PAA: a test PAA met a commissioner with the production store',
      'the PAA is not in the ledger yet, or the copy of the store is older',
      'the PAI is under another PAA than the one that was published',
    ],
    remedy: 'add the PAA to the trust store of the commissioner, or use a PAI under a trusted one',
  },
  kPaaFormatInvalid: {
    checks: ['ATT-10'],
    causes: ['the PAA names a product id'],
    remedy: 'use a PAI under a PAA that keeps its profile',
  },
  kPaiRevoked: {
    checks: ['ATT-13'],
    causes: ['the PAA has revoked the PAI'],
    remedy: 'provision the device with certificates under another PAI',
  },
  kPaiFormatInvalid: {
    checks: ['ATT-02', 'ATT-04'],
    causes: [
      'the PAI does not keep its profile: path length, key usage or a key identifier is wrong',
      'the octets were cut, or are PEM where DER is expected',
      'vendor or product id in the subject are not four upper-case hexadecimal digits',
    ],
    remedy: 'run `keyline pki lint` on the PAI; have it issued again',
  },
  kPaiVendorIdMismatch: {
    checks: ['ATT-10'],
    causes: ['the PAA was made for one vendor, and the PAI is for another'],
    remedy: 'use a PAI under the PAA of its vendor',
  },
  kPaiMissing: {
    checks: ['ATT-01'],
    causes: [
      'the factory data have no PAI, or the firmware does not find it behind an empty record',
    ],
    remedy: 'write the PAI certificate; check the image with `keyline factory-data check`',
  },
  kPaiAndDacRevoked: {
    checks: ['ATT-13'],
    causes: ['both certificates are revoked, each by its issuer'],
    remedy: 'set the device aside; a revoked identity is not shipped',
  },
  kDacExpired: {
    checks: ['ATT-11'],
    causes: [
      'the clock of the commissioner is wrong',
      'the DAC begins in the future: the clock of the issuer was ahead',
      'the DAC was issued with an end, and it has come',
    ],
    remedy: 'set the clock; if it is right, issue the DAC again without an end',
  },
  kDacSignatureInvalid: {
    checks: ['ATT-12'],
    causes: [
      'the PAI on the device is not the one that signed the DAC, though it may have the same name',
      'the PAI is not signed by the PAA that it names',
      'PAI or PAA were not valid yet, or no more, when the DAC begins',
    ],
    remedy: 'write the PAI that issued the DAC, and run `keyline pki lint --pai … --paa …`',
  },
  kDacRevoked: {
    checks: ['ATT-13'],
    causes: ['the PAI has revoked the DAC'],
    remedy: 'set the device aside; a revoked identity is not shipped',
  },
  kDacFormatInvalid: {
    checks: ['ATT-03', 'ATT-04'],
    causes: [
      'the DAC does not keep its profile: key usage, basic constraints or a key identifier is wrong',
      'the octets were cut, or are PEM where DER is expected',
      'vendor or product id in the subject are not four upper-case hexadecimal digits',
    ],
    remedy: 'run `keyline pki lint` on the DAC; issue it again',
  },
  kDacVendorIdMismatch: {
    checks: ['ATT-05'],
    causes: ['DAC and PAI are for different vendors', 'the PAI names no vendor'],
    remedy: 'issue the DAC under the PAI of its vendor',
  },
  kDacProductIdMismatch: {
    checks: ['ATT-06', 'ATT-07'],
    causes: ['the PAI is for one product, the DAC for another', 'the DAC names no product'],
    remedy: 'issue the DAC under the PAI of its product, or under one without a product',
  },
  kFirmwareInformationMismatch: {
    checks: ['ATT-26'],
    causes: ['the device runs another firmware than the one expected'],
    remedy: 'write the firmware that is expected',
  },
  kFirmwareInformationMissing: {
    checks: ['ATT-26'],
    causes: ['the device reports no firmware information, though it is expected'],
    remedy: 'store the firmware information in the factory data, or do not expect it',
  },
  kAttestationSignatureInvalid: {
    checks: ['ATT-08'],
    causes: [
      'the private key on the device is not the one of its DAC',
      'the device signed another challenge: the sessions differ',
      'the key was stored little endian, or with its DER envelope',
    ],
    remedy: 'provision the device again; key and DAC of one unit belong together',
  },
  kAttestationElementsMalformed: {
    checks: ['ATT-14', 'ATT-20'],
    causes: [
      'the firmware builds the attestation elements in another order or form',
      'the declaration has a format version other than 1, or a reserved certification type',
    ],
    remedy: 'update the firmware of the device; check the declaration with `keyline pki cd show`',
  },
  kAttestationNonceMismatch: {
    checks: ['ATT-15'],
    causes: ['the device answered an earlier request, or repeats a recorded answer'],
    remedy: 'ask again; if it repeats, update the firmware of the device',
  },
  kAttestationSignatureInvalidFormat: {
    checks: ['ATT-08'],
    causes: ['the device sends the signature in DER instead of 64 octets r and s'],
    remedy: 'update the firmware of the device, or the driver of its secure element',
  },
  kCertificationDeclarationNoKeyId: {
    checks: ['ATT-16'],
    causes: [
      'the signer of the declaration is not named by a key identifier of 20 octets',
      'the octets are no CMS signed data: cut, PEM, or a bare TLV structure',
    ],
    remedy: 'store the declaration in DER exactly as it was delivered',
  },
  kCertificationDeclarationNoCertificateFound: {
    checks: ['ATT-17'],
    causes: [
      'the declaration is signed by the SDK test key, and the commissioner believes official keys alone',
      'the declaration is signed by a key of its own that no commissioner knows',
      'the SDK test key signed a declaration of type 2 (official), which it may not',
      'the commissioner is older than the signing key',
    ],
    remedy:
      'ship the declaration that the certification body delivered; in a test, let the commissioner trust test keys',
  },
  kCertificationDeclarationInvalidSignature: {
    checks: ['ATT-16', 'ATT-18'],
    causes: [
      'the declaration was changed after it was signed',
      'the envelope has another version, digest or content type',
    ],
    remedy: 'store the declaration in DER exactly as it was delivered',
  },
  kCertificationDeclarationInvalidFormat: {
    checks: ['ATT-19'],
    causes: [
      'a member of the declaration is missing, out of order or out of range',
      'the certificate id has not 19 characters',
    ],
    remedy: 'run `keyline pki cd show`; have the declaration made again',
  },
  kCertificationDeclarationInvalidVendorId: {
    checks: ['ATT-21', 'ATT-23'],
    causes: [
      'the declaration is for another vendor than the device reports',
      'DAC or PAI are for another vendor than the declaration, or than its DAC origin',
    ],
    remedy: 'use declaration, certificates and vendor id of one product',
  },
  kCertificationDeclarationInvalidProductId: {
    checks: ['ATT-22', 'ATT-24'],
    causes: [
      'the declaration does not list the product id that the device reports',
      'DAC or PAI are for a product that the declaration does not list',
      'the declaration has a DAC origin, and the certificates carry the ids of the product itself',
    ],
    remedy: 'use declaration, certificates and product id of one product',
  },
  kCertificationDeclarationInvalidPAA: {
    checks: ['ATT-25'],
    causes: ['the declaration authorises certain PAAs, and the chain ends in another'],
    remedy: 'use certificates under an authorised PAA, or a declaration without the list',
  },
  kInvalidArgument: {
    checks: ['ATT-01'],
    causes: [
      'the device left out DAC, elements or signature',
      'the elements are longer than 900 octets: the declaration is too large',
    ],
    remedy: 'check what the factory data hold; list fewer products in the declaration',
  },
}

/** Failures that the SDK's logs show under a number, or that have this name. */
export function isSdkFailure(name: string): name is keyof typeof sdkResults {
  return Object.hasOwn(sdkResults, name)
}
