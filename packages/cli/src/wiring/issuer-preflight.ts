import { describeError, isKeylineError } from '@keyline/bytes'
import type { Ledger } from '@keyline/ledger'

export interface PreflightOptions {
  readonly ledger: Pick<Ledger, 'undecided' | 'remaining'>
  readonly orderId: string
  readonly resume: boolean
  /** Throws what every request of the order would end with now. */
  readonly requireOpen: () => Promise<void>
  readonly onWarning: (text: string) => void
}

/**
 * Refuses a run for which the issuer would issue nothing, before a board is touched. A run that may have boards with
 * certificates already goes on: those need no further one.
 */
export async function requireIssuing(options: PreflightOptions): Promise<void> {
  const { ledger, orderId, resume, requireOpen, onWarning } = options
  const open = await ledger.undecided(orderId)
  const wanted = open.length + (await ledger.remaining(orderId))
  if (wanted === 0) return
  try {
    await requireOpen()
  } catch (error) {
    const mayFinish = resume && open.some(({ unit }) => unit.boardUid !== undefined)
    if (!mayFinish || !isKeylineError(error)) throw error
    onWarning(`boards without a certificate will get none now: ${describeError(error)}`)
  }
}
