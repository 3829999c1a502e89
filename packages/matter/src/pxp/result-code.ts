/** Who produced a code: the meaning of 4 depends on it (station 6.4). */
export type ResultProducer = 'board' | 'host'

interface ResultEntry {
  readonly code: number
  /** Stable name in reports. */
  readonly reason: string
  readonly meaning: string
}

/** Results of a board, sent as `finish:NNN` in decimal. Codes from 10 on come from PXP firmware only. */
export const boardResults = {
  ok: { code: 0, reason: 'ok', meaning: 'Provisioning is done.' },
  dataNotFound: { code: 1, reason: 'data-not-found', meaning: 'No place for the credentials.' },
  bufferTooSmall: { code: 2, reason: 'buffer-too-small', meaning: 'A record exceeds its buffer.' },
  parameterError: { code: 3, reason: 'parameter-error', meaning: 'A record has a bad length.' },
  secureStorageWrite: {
    code: 4,
    reason: 'secure-storage-write',
    meaning: 'The secure storage refused the key (ST firmware).',
  },
  csrFailed: { code: 10, reason: 'csr-failed', meaning: 'Key or request generation failed.' },
  certificateRejected: {
    code: 11,
    reason: 'certificate-rejected',
    meaning: 'The board rejected the certificate.',
  },
  keyMismatch: {
    code: 12,
    reason: 'key-mismatch',
    meaning: 'The certificate does not fit the key of the board.',
  },
  secureStorageRefused: {
    code: 13,
    reason: 'secure-storage-write',
    meaning: 'The secure storage refused (PXP firmware).',
  },
  flashWrite: { code: 14, reason: 'flash-write', meaning: 'Flash write or verification failed.' },
  alreadyProvisioned: {
    code: 15,
    reason: 'already-provisioned',
    meaning: 'The board has credentials already.',
  },
  protocolError: {
    code: 16,
    reason: 'protocol-error',
    meaning: 'The exchange on the serial line failed.',
  },
  hostTimeout: { code: 17, reason: 'host-timeout', meaning: 'The host was silent for too long.' },
  modeUnsupported: {
    code: 18,
    reason: 'mode-unsupported',
    meaning: 'The firmware does not support the mode.',
  },
  proofFailed: { code: 19, reason: 'proof-failed', meaning: 'The proof of possession failed.' },
  noSecureStore: {
    code: 20,
    reason: 'no-secure-store',
    meaning: 'Mode production, and the board has no secure storage for the key.',
  },
} as const satisfies Readonly<Record<string, ResultEntry>>

export type BoardResult = keyof typeof boardResults

/** Results that the host itself finds. */
export const hostResults = {
  syncTimeout: {
    code: 0x0004,
    reason: 'sync-timeout',
    meaning: 'The board did not answer Init in time.',
  },
  resultTimeout: {
    code: 0xfffe,
    reason: 'result-timeout',
    meaning: 'The board reported no result in time.',
  },
  unknownCode: {
    code: 0xfffe,
    reason: 'unknown-code',
    meaning: 'The board reported a code that no table holds.',
  },
  portError: { code: 0xfffe, reason: 'port-error', meaning: 'The serial port failed.' },
  openFailed: {
    code: 0xfffe,
    reason: 'open-failed',
    meaning: 'The serial port could not be opened.',
  },
  interrupted: {
    code: 0xffff,
    reason: 'interrupted',
    meaning: 'The operator interrupted the work.',
  },
} as const satisfies Readonly<Record<string, ResultEntry>>

export type HostResult = keyof typeof hostResults

const boardResultNames: ReadonlyMap<number, BoardResult> = new Map(
  Object.keys(boardResults)
    .filter(isBoardResult)
    .map((name) => [boardResults[name].code, name]),
)

function isBoardResult(text: string): text is BoardResult {
  return Object.hasOwn(boardResults, text)
}

/** Meaning of the number behind `finish:`; `undefined` for a number of no table. */
export function boardResultOf(code: number): BoardResult | undefined {
  return boardResultNames.get(code)
}

/** `finish:NNN` with three decimal digits, without line end. */
export function finishText(result: BoardResult): string {
  return `finish:${String(boardResults[result].code).padStart(3, '0')}`
}

/** `0x0004`, the form of reports. */
export function resultCodeText(code: number): string {
  return `0x${code.toString(16).toUpperCase().padStart(4, '0')}`
}
