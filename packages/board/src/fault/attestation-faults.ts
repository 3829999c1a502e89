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
    row: 'attestation 8.5',
    meaning: 'One bit of what is measured changes before the measurement, and boots all the same.',
    place: 'measured boot',
    at: 1,
    lasts: false,
  },
  'container-tampered': {
    row: 'attestation 4.7',
    meaning: 'One bit of the wrapped key changes in its container, and the check word with it.',
    place: 'RSSe-KW export',
    at: 1,
    lasts: true,
  },
  'container-foreign': {
    row: 'attestation 4.7',
    meaning: 'RSSe-KW returns the container of another chip.',
    place: 'RSSe-KW export',
    at: 1,
    lasts: true,
  },
  'rsse-stuck': {
    row: 'F-06',
    meaning:
      'The RSSe-KW service does not answer: the call does not return until its signal fires.',
    place: 'RSSe-KW export',
    at: 1,
    lasts: false,
  },
  'certificate-foreign': {
    row: 'attestation 7.4',
    meaning: 'System flash holds the certificate parts of another chip.',
    place: 'board',
    at: 1,
    lasts: true,
  },
} as const satisfies Readonly<Record<string, FaultEntry>>
