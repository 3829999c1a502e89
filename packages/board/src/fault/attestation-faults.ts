import type { FaultEntry } from './fault-entry.ts'

/** Faults of initial attestation: of the wrapped key, of the firmware that is measured, of the token. */
export const attestationFaults = {
  'token-other-nonce': {
    row: 'ATT-1',
    meaning: 'The token holds another nonce: an old answer is replayed.',
    place: 'token request',
    at: 1,
    lasts: true,
  },
  'firmware-altered': {
    row: 'ATT-3',
    meaning: 'One bit of what is measured changes before the measurement, and boots all the same.',
    place: 'measured boot',
    at: 1,
    lasts: false,
  },
} as const satisfies Readonly<Record<string, FaultEntry>>
