import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

export const psaErrorTable = {
  PSA_REFUSED: {
    fault: 'board',
    meaning:
      'A call of the PSA services on the device did not succeed; the message names its status.',
    remedy: 'look the status up in the specification of the PSA Crypto API',
  },
  PSA_PARAMETER: {
    fault: 'caller',
    meaning: 'A simulated device is set up with a value that it cannot have.',
    remedy: 'use a value inside the range that the message names',
  },
  RSSE_UNAVAILABLE: {
    fault: 'board',
    meaning: 'RSSe service not available in this state: RDP level 2, or the debug port is closed.',
    remedy: 'export the key before the chip is closed, at RDP level 0, 0.5 or 1',
  },
  DUA_KEY_ABSENT: {
    fault: 'board',
    meaning: 'DUA key absent: the chip left its foundry without this key.',
    remedy: 'use a chip that has the key, or export a key of your own',
  },
} as const satisfies ErrorTable

export type PsaErrorCode = keyof typeof psaErrorTable

/** What goes wrong around the device; what the device answers is a status. */
export class PsaError extends KeylineError<PsaErrorCode> {
  constructor(code: PsaErrorCode, message: string, options?: ErrorOptionsOf) {
    super(psaErrorTable, code, message, options)
  }
}
