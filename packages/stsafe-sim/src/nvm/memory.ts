import type { ChipState } from './state.ts'

/** Where a chip keeps its state beyond the life of the process. A call is whole when it returns, or has no effect. */
export interface StateStore {
  save(state: ChipState): void
}

/** What happens around a write of the non-volatile memory; a fault script throws here. */
export interface WriteWatch {
  before(): void
  after(): void
}

/** The non-volatile memory: one state that is replaced as a whole. */
export class Memory {
  #state: ChipState
  readonly #store: StateStore | undefined
  watch: WriteWatch | undefined

  constructor(state: ChipState, store?: StateStore) {
    this.#state = state
    this.#store = store
  }

  get state(): ChipState {
    return this.#state
  }

  /** Nothing is written when nothing has changed. */
  commit(state: ChipState): void {
    if (state === this.#state) return
    this.watch?.before()
    this.#store?.save(state)
    this.#state = state
    this.watch?.after()
  }
}
