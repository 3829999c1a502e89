import type { Random } from '@keyline/bytes'

/** State of the CCB driver of ST's HAL (section 5.1). */
export const CcbState = { reset: 0, ready: 0xda5d_a605, busy: 2, error: 3 } as const
export type CcbState = (typeof CcbState)[keyof typeof CcbState]

/** Error bits of the same driver. */
export const CcbError = {
  none: 0,
  invalidParameter: 0x1,
  operation: 0x2,
  saesTamper: 0x10,
  rngTamper: 0x20,
  pkaRegister: 0x40,
  pkaOperation: 0x80,
  pkaRamErase: 0x100,
} as const
export type CcbError = (typeof CcbError)[keyof typeof CcbError]

/** Operation codes of the CCB (CCOP); the symmetric ones run in SAES alone and have none. */
export const CcbOperation = {
  ecdsaCreateFromCpu: 0xc0,
  ecdsaCreateFromRng: 0xc2,
  ecdsaUse: 0xc3,
  multiplicationCreateFromCpu: 0x80,
  multiplicationUse: 0x81,
  multiplicationCreateFromRng: 0x82,
  exponentiationCreate: 0x44,
  exponentiationUse: 0x45,
  symmetricCreate: 'symmetric-create',
  symmetricUse: 'symmetric-use',
} as const
export type CcbOperation = (typeof CcbOperation)[keyof typeof CcbOperation]

/** Faults that a test can have at the next operation (decision D16). */
export type CcbFault =
  | 'rng-failure'
  | 'tag-mismatch'
  | 'tamper-event'
  | 'busy-timeout'
  | 'self-check-failure'

/** Why an operation failed. Of a tag nobody learns more than that it does not hold. */
export type CcbFailureReason = CcbFault | 'invalid-parameter' | 'tampered'

export interface CcbFailure {
  readonly ok: false
  readonly reason: CcbFailureReason
}

export type CcbResult<T> = { readonly ok: true; readonly value: T } | CcbFailure

export function done<T>(value: T): CcbResult<T> {
  return { ok: true, value }
}

export function refused(reason: CcbFailureReason): CcbFailure {
  return { ok: false, reason }
}

const errorOf: Readonly<Record<CcbFailureReason, CcbError>> = {
  'rng-failure': CcbError.operation,
  'tag-mismatch': CcbError.operation,
  'busy-timeout': CcbError.operation,
  'self-check-failure': CcbError.operation,
  'tamper-event': CcbError.saesTamper,
  tampered: CcbError.saesTamper,
  'invalid-parameter': CcbError.invalidParameter,
}

export interface EngineOptions {
  readonly random: Random
  /** Asked before each operation. */
  readonly fault?: ((operation: CcbOperation) => CcbFault | undefined) | undefined
  /** Told of each operation that begins. */
  readonly onOperation?: ((operation: CcbOperation) => void) | undefined
  /** Time that an operation takes (decision D17), 0 unless given; the thread stands still meanwhile. */
  readonly delayMs?: number | undefined
}

class RandomnessFailure extends Error {}

/** What CCB and SAES share: one operation at a time, state and error of the last one, tamper lock, faults. */
export class Engine {
  readonly #options: EngineOptions
  #state: CcbState = CcbState.ready
  #error: CcbError = CcbError.none
  #isTampered = false
  #selfCheckFailures = 0

  /** Randomness of the chip; it fails an operation when the source behind it throws. */
  readonly random: Random

  constructor(options: EngineOptions) {
    this.#options = options
    this.random = {
      bytes(length) {
        try {
          return options.random.bytes(length)
        } catch (cause) {
          throw new RandomnessFailure('the source of randomness failed', { cause })
        }
      },
    }
  }

  get state(): CcbState {
    return this.#state
  }

  get error(): CcbError {
    return this.#error
  }

  /** A tamper event happened since the last reset: nothing works until the next one. */
  get isTampered(): boolean {
    return this.#isTampered
  }

  get selfCheckFailures(): number {
    return this.#selfCheckFailures
  }

  reset(): void {
    this.#isTampered = false
    this.#end(CcbState.ready, CcbError.none)
  }

  run<T>(operation: CcbOperation, act: () => CcbResult<T>): CcbResult<T> {
    this.#end(CcbState.busy, CcbError.none)
    this.#options.onOperation?.(operation)
    wait(this.#options.delayMs ?? 0)
    const result = this.#isTampered ? refused('tampered') : this.#attempt(operation, act)
    if (result.ok) this.#end(CcbState.ready, CcbError.none)
    else this.#fail(result.reason)
    return result
  }

  #attempt<T>(operation: CcbOperation, act: () => CcbResult<T>): CcbResult<T> {
    const fault = this.#options.fault?.(operation)
    if (fault !== undefined) return refused(fault)
    try {
      return act()
    } catch (error) {
      if (error instanceof RandomnessFailure) return refused('rng-failure')
      throw error
    }
  }

  #fail(reason: CcbFailureReason): void {
    if (reason === 'tamper-event') this.#isTampered = true
    if (reason === 'self-check-failure') this.#selfCheckFailures++
    this.#end(CcbState.error, errorOf[reason])
  }

  #end(state: CcbState, error: CcbError): void {
    this.#state = state
    this.#error = error
  }
}

function wait(ms: number): void {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
