/** `psa_status_t`: the codes that the storage of a board answers with. */
export const PsaStatus = {
  success: 0,
  genericError: -132,
  notPermitted: -133,
  notSupported: -134,
  invalidArgument: -135,
  invalidHandle: -136,
  alreadyExists: -139,
  doesNotExist: -140,
  insufficientStorage: -142,
  storageFailure: -146,
  corruptionDetected: -151,
  dataCorrupt: -152,
  dataInvalid: -153,
} as const
export type PsaStatus = (typeof PsaStatus)[keyof typeof PsaStatus]

/** A value, or the status that stands in its place. */
export type PsaResult<T> =
  | { readonly status: typeof PsaStatus.success; readonly value: T }
  | { readonly status: Exclude<PsaStatus, 0> }

export function psaValue<T>(value: T): PsaResult<T> {
  return { status: PsaStatus.success, value }
}
