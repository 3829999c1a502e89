import type { Clock, Random } from '@keyline/bytes'
import type { CurveKeyPair } from '@keyline/crypto'
import type { CommandOptions } from '../command/channel.ts'
import type { CommandQueue } from '../command/queue.ts'
import { StsafeError } from '../errors.ts'
import type { CurveName } from '../layout/algorithm.ts'

/** What happens beside a result. */
export type StsafeEvent =
  /** The tag of a key has fewer than 8 octets: whoever guesses has better chances than the vendor advises. */
  | { readonly kind: 'short-tag'; readonly operation: string; readonly tagLength: number }
  /** What is about to be made permanent. */
  | { readonly kind: 'permanent'; readonly what: string }

/** What the services share. */
export interface ChipContext {
  readonly queue: CommandQueue
  readonly clock: Clock
  readonly random: Random
  readonly ephemeralKeyPair: (curve: CurveName) => CurveKeyPair
  readonly notify: (event: StsafeEvent) => void
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/** For an act that cannot be undone. */
export interface PermanentOptions extends CallOptions {
  /** Confirms that the act may make its effect permanent. Without it nothing is sent. */
  readonly permanent?: boolean | undefined
}

/** Says what becomes permanent, before it does. @throws StsafeError `STSAFE_CONFIRMATION` without confirmation */
export function confirmPermanent(
  { notify }: ChipContext,
  what: string,
  { permanent }: PermanentOptions,
): void {
  if (permanent !== true) {
    throw new StsafeError('STSAFE_CONFIRMATION', `${what}; pass permanent: true to do it`)
  }
  notify({ kind: 'permanent', what })
}

export interface ProtectedCallOptions extends CallOptions {
  /** `host`: the zone asks for a host C-MAC though the command does not. */
  readonly protection?: CommandOptions['protection']
}

const advisedTagLength = 8

export function warnOfShortTag(
  { notify }: ChipContext,
  operation: string,
  tagLength: number,
): void {
  if (tagLength < advisedTagLength) notify({ kind: 'short-tag', operation, tagLength })
}

/** @throws StsafeError `STSAFE_ARGUMENT` */
export function requireLength(
  what: string,
  octets: Uint8Array,
  ...allowed: readonly number[]
): void {
  if (allowed.includes(octets.length)) return
  const message = `${what} has ${octets.length} octets, but must have ${allowed.join(' or ')}`
  throw new StsafeError('STSAFE_ARGUMENT', message)
}

/** @throws StsafeError `STSAFE_ARGUMENT` */
export function requireRange(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  const message = `${what} is ${value}, but must be ${least} to ${most}`
  throw new StsafeError('STSAFE_ARGUMENT', message)
}
