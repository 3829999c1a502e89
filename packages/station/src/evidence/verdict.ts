import { BytesError, describeError, isBoardAtFault, isKeylineError } from '@keyline/bytes'
import type { Evidence, VerdictRecord } from '@keyline/ledger/records'
import { reviewEvidence, type EvidenceRule } from './required.ts'

export interface VerdictInput {
  readonly rules: readonly EvidenceRule[]
  readonly evidence: readonly Evidence[]
  /** What ended the flow early, if anything did. */
  readonly error?: unknown
  /** True from the first act that may have left the identity on the board. */
  readonly identityMayBeOnBoard: boolean
  /** True from the intent of COMMIT: the board may hold valid credentials. */
  readonly credentialsMayBeOnBoard: boolean
}

/**
 * The verdict, from the evidence and the error alone.
 * A bad board is FAIL; trouble around it never is. Evidence that is wrong stands, whatever ended the flow after it.
 * An unknown state is QUARANTINE until somebody asks the board.
 * Source: provisioning-station sections 10 and 13; promises P3 and P4.
 */
export function decideVerdict(input: VerdictInput): VerdictRecord {
  const review = reviewEvidence(input.rules, input.evidence)
  const wrong = review.wrong[0]
  if (wrong !== undefined) {
    return {
      verdict: 'FAIL',
      reason: `EVIDENCE_${wrong.kind.toUpperCase().replace('-', '_')}`,
      message: `the evidence "${wrong.kind}" is wrong: ${factsOf(wrong)}`,
      remedy: 'take the board out; the passport lists the facts',
      evidence: [...input.evidence],
    }
  }
  if (input.error !== undefined) return verdictOfError(input, input.error)
  if (review.missing.length > 0) {
    return {
      verdict: 'QUARANTINE',
      reason: 'EVIDENCE_MISSING',
      message: `no evidence of: ${review.missing.join(', ')}`,
      remedy: 'keep the board in its slot and run with --resume',
      evidence: [...input.evidence],
    }
  }
  return {
    verdict: 'PASS',
    reason: 'complete',
    message: `evidence complete, ${input.rules.length} of ${input.rules.length}`,
    remedy: '',
    evidence: [...input.evidence],
  }
}

function verdictOfError(input: VerdictInput, error: unknown): VerdictRecord {
  const reason = isKeylineError(error) ? error.code : 'STATION_BUG'
  const remedy = isKeylineError(error) ? error.remedy : 'report this with the journal of the run'
  const message = isKeylineError(error) ? error.message : describeError(error)
  const base = { reason, message, remedy, evidence: [...input.evidence] }
  if (isBoardAtFault(error)) return { verdict: 'FAIL', ...base }
  const interrupted = error instanceof BytesError && error.code === 'INTERRUPTED'
  const isOpen = input.credentialsMayBeOnBoard || (interrupted && input.identityMayBeOnBoard)
  return { verdict: isOpen ? 'QUARANTINE' : 'ERROR', ...base }
}

function factsOf(piece: Evidence): string {
  return Object.entries(piece.facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}
