import { BytesError } from '@keyline/bytes'
import type { Output } from './output.ts'

/** A second Ctrl+C within this time ends at once. */
const rudeMs = 2000

/**
 * Turns Ctrl+C and a termination request into an abort signal. The first one lets the slots come to a
 * recorded state; the second within two seconds ends the process.
 * @param what says what the first one waits for
 */
export function interruptSignal(
  output: Output,
  what = 'slots come to a recorded state',
): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController()
  let first: number | undefined
  const onSignal = (): void => {
    const now = performance.now()
    if (first !== undefined && now - first < rudeMs) process.exit(130)
    if (first === undefined) output.err(`\nstopping: ${what} (Ctrl+C again ends at once)\n`)
    first = now
    controller.abort(new BytesError('INTERRUPTED', 'interrupted by the operator'))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
