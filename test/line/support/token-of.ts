import type { Random } from '@keyline/bytes'
import { runTokenDialogue, type TokenAnswers } from '@keyline/station'
import type { FlowRun } from './flow-line.ts'

/** Asks the board in a slot for a token over the nonce of a verifier, over its serial line. */
export async function tokenOf(
  { bench, clock }: Pick<FlowRun, 'bench' | 'clock'>,
  nonce: Uint8Array,
  slot = 1,
): Promise<TokenAnswers> {
  const probe = (await bench.list())[slot - 1]
  if (probe?.port === undefined) throw new Error(`slot ${slot} has no port`)
  const random: Random = { bytes: () => Uint8Array.from(nonce) }
  const port = await bench.open(probe.port)
  return runTokenDialogue({ port, clock, random, signal: new AbortController().signal })
}
