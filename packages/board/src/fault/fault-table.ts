/** What `at` of a fault counts. */
export type FaultPlace =
  | 'programmer call'
  | 'download'
  | 'connect'
  | 'port opening'
  | 'octet on the line, both directions'
  | 'octets between two faults'
  | 'message received or sent by the firmware'
  | 'boot'
  | 'session'
  | 'octet of the factory-data region'
  | 'result code'
  | 'attestation request'

/** All that is known of one fault. */
export interface FaultEntry {
  /** Row of provisioning-station section 13 or of the fault matrix. */
  readonly row: string
  readonly meaning: string
  readonly place: FaultPlace
  /** Value of `at` when none is given. */
  readonly at: number
  /** True: from that place on. False: at that place only. */
  readonly lasts: boolean
}

/** The faults that a simulated board or its probe can have. `at` of the first occurrence is 1. */
export const faultTable = {
  'no-probe': {
    row: 'F-01',
    meaning: 'The debug probe vanishes: it is not listed and answers no call.',
    place: 'programmer call',
    at: 1,
    lasts: true,
  },
  'probe-lost': {
    row: 'F-01',
    meaning: 'The debug probe is gone in the middle of a download, and then is back.',
    place: 'download',
    at: 1,
    lasts: false,
  },
  'no-target-once': {
    row: 'F-02',
    meaning: 'The microcontroller does not answer one call.',
    place: 'programmer call',
    at: 1,
    lasts: false,
  },
  'no-target': {
    row: 'F-03',
    meaning: 'The microcontroller never answers.',
    place: 'programmer call',
    at: 1,
    lasts: true,
  },
  'programmer-hangs': {
    row: 'F-06',
    meaning: 'A programmer call does not return until its signal fires.',
    place: 'programmer call',
    at: 1,
    lasts: false,
  },
  'verify-mismatch': {
    row: 'F-08',
    meaning: 'A flash cell does not take its value: verification finds a mismatch.',
    place: 'download',
    at: 1,
    lasts: false,
  },
  'write-protected': {
    row: 'F-09',
    meaning: 'The flash is write-protected.',
    place: 'download',
    at: 1,
    lasts: true,
  },
  'image-corrupted': {
    row: 'F-14',
    meaning: 'The first octet changes after verification: the image is no longer recognised.',
    place: 'download',
    at: 3,
    lasts: false,
  },
  'uid-changes': {
    row: 'PRG-4',
    meaning: 'Another microcontroller answers on the same probe.',
    place: 'connect',
    at: 2,
    lasts: true,
  },
  'port-busy': {
    row: 'F-16',
    meaning: 'The serial port is held by another program.',
    place: 'port opening',
    at: 1,
    lasts: false,
  },
  'port-vanishes': {
    row: 'F-16, SER-1',
    meaning: 'The serial port disappears in the middle of the dialogue.',
    place: 'octet on the line, both directions',
    at: 100,
    lasts: false,
  },
  'octet-lost': {
    row: 'F-17',
    meaning: 'An octet is lost on the line.',
    place: 'octet on the line, both directions',
    at: 100,
    lasts: false,
  },
  'octet-doubled': {
    row: 'F-17',
    meaning: 'An octet arrives twice.',
    place: 'octet on the line, both directions',
    at: 100,
    lasts: false,
  },
  'octet-corrupted': {
    row: 'F-17',
    meaning: 'An octet arrives with its lowest bit inverted.',
    place: 'octet on the line, both directions',
    at: 100,
    lasts: false,
  },
  noise: {
    row: 'F-17',
    meaning: 'Octets arrive with their lowest bit inverted, again and again.',
    place: 'octets between two faults',
    at: 1500,
    lasts: true,
  },
  'stale-finish': {
    row: 'F-18',
    meaning: 'The firmware sends finish:000 before anything was asked.',
    place: 'boot',
    at: 1,
    lasts: true,
  },
  'finish-in-pieces': {
    row: 'F-19',
    meaning: 'The result arrives octet by octet, without line end, with octets behind it.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  silent: {
    row: 'F-20',
    meaning: 'The firmware never answers.',
    place: 'boot',
    at: 1,
    lasts: true,
  },
  'silent-after-start': {
    row: 'F-20',
    meaning: 'The firmware answers Init and then nothing more.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  'restart-before-commit': {
    row: 'F-21',
    meaning: 'The board restarts when it has received the device certificate.',
    place: 'session',
    at: 1,
    lasts: false,
  },
  'restart-after-commit': {
    row: 'F-21',
    meaning: 'The board restarts when it has stored the credentials, before it says so.',
    place: 'session',
    at: 1,
    lasts: false,
  },
  'restart-at-message': {
    row: 'F-21, SER-7',
    meaning: 'The board restarts instead of handling or sending a message.',
    place: 'message received or sent by the firmware',
    at: 1,
    lasts: false,
  },
  'csr-bad-signature': {
    row: 'F-22',
    meaning: 'The signature of the request does not verify.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  'csr-foreign-vendor': {
    row: 'F-22',
    meaning: 'The request names another vendor than the factory data.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  'cloned-key': {
    row: 'F-23',
    meaning: 'The key is drawn from a generator that all boards with this fault share.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  'csr-of-other-board': {
    row: 'F-23',
    meaning: 'The board sends the last request that another board of the bench has sent.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  'flash-refuses': {
    row: 'F-25',
    meaning: 'The firmware cannot write its credentials: finish:014, the flash is unchanged.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  'stores-nothing': {
    row: 'F-26',
    meaning: 'The board claims success and stored nothing.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  'finish-at-once': {
    row: 'SER-6',
    meaning: 'The board reports success straight after Start_provisioning.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  'proof-other-key': {
    row: 'F-27',
    meaning: 'The proof of possession is made with another key.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  'flash-bit-flip': {
    row: 'F-26, F-31',
    meaning: 'A bit of the factory data changes after the board has verified it.',
    place: 'octet of the factory-data region',
    at: 41,
    lasts: false,
  },
  'finish-code': {
    row: 'SER-9',
    meaning: 'The board ends a good session with another code.',
    place: 'result code',
    at: 14,
    lasts: true,
  },
  'ident-other-uid': {
    row: 'SER-8',
    meaning: 'The firmware reports another UID than the programmer reads: ports were swapped.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  flood: {
    row: 'SER-5',
    meaning: 'After Start_provisioning the board sends 128 KiB without a line end.',
    place: 'session',
    at: 1,
    lasts: true,
  },
  'attestation-other-key': {
    row: 'F-27, ATT-08',
    meaning: 'The application signs its attestation with another key.',
    place: 'attestation request',
    at: 1,
    lasts: true,
  },
  'attestation-other-declaration': {
    row: 'ATT-16, ATT-18',
    meaning: 'The attestation elements hold a changed certification declaration.',
    place: 'attestation request',
    at: 1,
    lasts: true,
  },
  'attestation-other-nonce': {
    row: 'ATT-15',
    meaning: 'The attestation elements hold another nonce: an old answer is replayed.',
    place: 'attestation request',
    at: 1,
    lasts: true,
  },
} as const satisfies Readonly<Record<string, FaultEntry>>

export type FaultName = keyof typeof faultTable

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(faultTable, text)
}
