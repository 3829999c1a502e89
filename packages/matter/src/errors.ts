import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

export const matterErrorTable = {
  FACTORY_DATA_VALUE: {
    fault: 'caller',
    meaning: 'A field of the factory data has no encoding.',
    remedy: 'check the fields with checkFactoryData first; it names rule and repair',
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
  TLV_INVALID: {
    fault: 'caller',
    meaning: 'Octets are not one Matter TLV element, or an element has no encoding.',
    remedy: 'pass one whole element, not nested deeper than 8 containers',
  },
} as const satisfies ErrorTable

export type MatterErrorCode = keyof typeof matterErrorTable

export class MatterError extends KeylineError<MatterErrorCode> {
  constructor(code: MatterErrorCode, message: string, options?: ErrorOptionsOf) {
    super(matterErrorTable, code, message, options)
  }
}
