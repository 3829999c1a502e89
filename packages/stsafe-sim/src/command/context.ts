import type { ChipState } from '../nvm/state.ts'
import type { Randomness } from '../nvm/randomness.ts'
import type { VolatileState } from '../nvm/volatile.ts'

/** What a command works on. */
export interface Context {
  readonly volatile: VolatileState
  readonly randomness: Randomness
  /** The command carried a valid C-MAC. */
  readonly isAuthenticated: boolean
  /** With the changes of this command; they are written when it has succeeded, all at once. */
  state: ChipState
}

/** Changes some members of the state. */
export function change(context: Context, members: Partial<ChipState>): void {
  context.state = { ...context.state, ...members }
}
