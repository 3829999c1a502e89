import { PsaError } from '../errors.ts'
import { describeStatus, PsaStatus, type CallStatus, type FailureStatus } from './status.ts'

/** A value, or the status that stands in its place. */
export type PsaResult<T> =
  | { readonly status: typeof PsaStatus.success; readonly value: T }
  | Failure

export interface Failure {
  readonly status: FailureStatus
}

/** An output buffer after a call: all of it, and how much of it the call reports as written. */
export interface PsaOutput {
  readonly status: CallStatus
  /** As long as the caller asked for; what lies behind `length` is what the call left there. */
  readonly buffer: Uint8Array<ArrayBuffer>
  readonly length: number
}

export function succeeded<T>(value: T): PsaResult<T> {
  return { status: PsaStatus.success, value }
}

export function failed(status: FailureStatus): Failure {
  return { status }
}

/** The value of a result that must be there. @throws PsaError `PSA_REFUSED` with the status */
export function valueOf<T>(result: PsaResult<T>, what: string): T {
  if (result.status === PsaStatus.success) return result.value
  throw refusal(what, result.status)
}

/** What a call has written. @throws PsaError `PSA_REFUSED` with the status */
export function outputOf(
  { status, buffer, length }: PsaOutput,
  what: string,
): Uint8Array<ArrayBuffer> {
  if (status === PsaStatus.success) return buffer.subarray(0, length)
  throw refusal(what, status)
}

/** @throws PsaError `PSA_REFUSED` unless the status is success */
export function requireSuccess(status: CallStatus, what: string): void {
  if (status !== PsaStatus.success) throw refusal(what, status)
}

function refusal(what: string, status: CallStatus): PsaError {
  return new PsaError('PSA_REFUSED', `${what} answered ${describeStatus(status)}`, {
    details: { status },
  })
}
