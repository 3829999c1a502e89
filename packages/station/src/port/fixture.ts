/**
 * Whoever changes the boards in the slots: a person at the bench, or the simulator.
 */
export interface Fixture {
  /** Resolves when a board that was not made yet stands in the slot of the probe; false when none comes. */
  nextBoard(
    probe: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<boolean>
}
