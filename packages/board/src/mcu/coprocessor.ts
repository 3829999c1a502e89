import { BoardError } from '../errors.ts'
import type { CoprocessorArea } from '../part/part.ts'
import type { CoprocessorState } from './device-state.ts'

export interface CoprocessorOptions {
  readonly area: CoprocessorArea
  readonly state: { readonly state: CoprocessorState; readonly version: string }
  readonly onChange: (state: { readonly state: CoprocessorState; readonly version: string }) => void
}

/**
 * The wireless coprocessor and its update service (FUS). An upgrade that was cut leaves the state `upgrading`; the next
 * start finds it `failed`, and another upgrade mends it.
 */
export class Coprocessor {
  readonly area: CoprocessorArea
  readonly #onChange: CoprocessorOptions['onChange']
  #state: CoprocessorState
  #version: string

  constructor({ area, state, onChange }: CoprocessorOptions) {
    this.area = area
    this.#onChange = onChange
    this.#state = state.state === 'upgrading' ? 'failed' : state.state
    this.#version = state.version
  }

  get state(): CoprocessorState {
    return this.#state
  }

  /** Version of the wireless stack. */
  get version(): string {
    return this.#version
  }

  /** @throws BoardError `BOARD_COPROCESSOR` without a usable stack */
  startStack(): void {
    if (this.#state === 'failed') throw refused('no wireless stack can be started: upgrade again')
    this.#become('stack')
  }

  startService(): void {
    if (this.#state !== 'failed') this.#become('service')
  }

  /** @throws BoardError `BOARD_COPROCESSOR` */
  beginUpgrade(address: number, length: number): void {
    const { first, end } = this.area
    if (this.#state !== 'service' && this.#state !== 'failed') {
      throw refused('the update service is not started')
    }
    if (address < first || address + length > end) {
      throw refused('the image lies outside of the area of the coprocessor')
    }
    this.#become('upgrading')
  }

  endUpgrade(version: string, isStarted: boolean): void {
    this.#version = version
    this.#become(isStarted ? 'stack' : 'idle')
  }

  #become(state: CoprocessorState): void {
    this.#state = state
    this.#onChange({ state, version: this.#version })
  }
}

function refused(reason: string): BoardError {
  return new BoardError('BOARD_COPROCESSOR', `the coprocessor update service refuses: ${reason}`, {
    details: { class: 'other' },
  })
}
