import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

export const matterErrorTable = {
  ATTESTATION_ELEMENTS: {
    fault: 'board',
    meaning: 'Attestation elements are not the structure that a commissioner reads.',
    remedy: 'update the application firmware of the board',
  },
  DECLARATION_MALFORMED: {
    fault: 'caller',
    meaning: 'A certification declaration is not CMS signed data over its members in their order.',
    remedy: 'pass the declaration as the certification body delivered it, in DER',
  },
  FACTORY_DATA_FILE: {
    fault: 'caller',
    meaning: 'A file that factory data name cannot be read, or holds something else.',
    remedy: 'correct the name in the document; it is relative to the document',
  },
  FACTORY_DATA_SEED: {
    fault: 'caller',
    meaning: 'A seed was given where random values must come from the system.',
    remedy: 'leave the seed out, or use policy test',
  },
  FACTORY_DATA_VALUE: {
    fault: 'caller',
    meaning: 'A field of the factory data has no encoding.',
    remedy: 'check the fields with checkFactoryData first; it names rule and repair',
  },
  ONBOARDING_BASE38: {
    fault: 'caller',
    meaning: 'A text is not Base38.',
    remedy: 'scan or copy the code again; it has only digits, upper-case letters, "-" and "."',
  },
  ONBOARDING_MANUAL: {
    fault: 'caller',
    meaning: 'A text is not a manual pairing code.',
    remedy: 'type all 11 or 21 digits again; the last one tells typing errors',
  },
  ONBOARDING_NFC: {
    fault: 'caller',
    meaning: 'The content of a tag is not an onboarding payload.',
    remedy: 'write the tag again',
  },
  ONBOARDING_QR: {
    fault: 'caller',
    meaning: 'A text is not the payload of a Matter QR code.',
    remedy: 'scan the code again; it starts with MT:',
  },
  ONBOARDING_VALUE: {
    fault: 'caller',
    meaning: 'A value must not stand on a label.',
    remedy: 'correct the values that the message names',
  },
  PXP_MESSAGE: {
    fault: 'bug',
    meaning: 'A message to send breaks a limit of PXP/1.',
    remedy: 'report it; the caller must split or refuse the message before it is sent',
  },
  PXP_PAYLOAD: {
    fault: 'board',
    meaning: 'A message arrived whole, but its payload is not what its type demands.',
    remedy: 'update the provisioning firmware, or set the board aside',
  },
  REVOCATION_SET: {
    fault: 'caller',
    meaning: 'A revocation set has not the form that the ledger tool writes.',
    remedy: 'export the revocation set again, and pass the file unchanged',
  },
  TLV_INVALID: {
    fault: 'caller',
    meaning: 'Octets are not one Matter TLV element, or an element has no encoding.',
    remedy: 'pass one whole element, not nested deeper than 8 containers',
  },
  TRUST_UNUSABLE: {
    fault: 'caller',
    meaning: 'A certificate cannot serve as a trust anchor.',
    remedy: 'pass PAA certificates that satisfy their profile; checkPaa names what they break',
  },
} as const satisfies ErrorTable

export type MatterErrorCode = keyof typeof matterErrorTable

export class MatterError extends KeylineError<MatterErrorCode> {
  constructor(code: MatterErrorCode, message: string, options?: ErrorOptionsOf) {
    super(matterErrorTable, code, message, options)
  }
}
