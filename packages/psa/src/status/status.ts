/** `psa_status_t`, signed 32 bit (attestation section 2.1). */
export const PsaStatus = {
  success: 0,
  genericError: -132,
  notPermitted: -133,
  notSupported: -134,
  invalidArgument: -135,
  invalidHandle: -136,
  badState: -137,
  bufferTooSmall: -138,
  alreadyExists: -139,
  doesNotExist: -140,
  insufficientMemory: -141,
  insufficientStorage: -142,
  insufficientData: -143,
  serviceFailure: -144,
  communicationFailure: -145,
  storageFailure: -146,
  hardwareFailure: -147,
  insufficientEntropy: -148,
  invalidSignature: -149,
  invalidPadding: -150,
  corruptionDetected: -151,
  dataCorrupt: -152,
  dataInvalid: -153,
} as const
export type PsaStatus = (typeof PsaStatus)[keyof typeof PsaStatus]

/** Status of the Key Wrap Engine itself (section 4.2): positive, and not a PSA status. */
export const KweStatus = {
  success: 0,
  error: 1,
  wrongKeyType: 2,
  storageError: 3,
  notSupported: 4,
} as const

/**
 * What a call may answer. With the quirks of the ST driver switched on, the raw status of its engine comes through on
 * some paths (decision D6): a caller tests for `!== 0`, never for `< 0`.
 */
export type CallStatus = PsaStatus | typeof KweStatus.error

/** A failure: any status but success. */
export type FailureStatus = Exclude<CallStatus, 0>

const names = new Map<number, string>(
  Object.entries(PsaStatus).map(([name, value]) => [value, name]),
)

/** `HARDWARE_FAILURE (-147)`, for messages. */
export function describeStatus(status: number): string {
  const name = names.get(status) ?? (status > 0 ? 'status of the engine' : 'unknown status')
  const text = name.startsWith('status of') || name === 'unknown status' ? name : upperSnake(name)
  return `${text} (${status})`
}

function upperSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}
