import type { AttestationResult } from './result.ts'
import { attestationRules, type AttestationCheck } from './rules.ts'

export type CheckOutcome = 'passed' | 'failed' | 'not asked'

/** One check of the procedure, and how it ended. */
export interface TracedCheck {
  readonly check: AttestationCheck
  readonly outcome: CheckOutcome
  readonly text: string
}

/** What the procedure could ask about. */
export interface AskedOf {
  /** Elements, signature, nonce and challenge were there: `verifyAttestation`, not `verifyCredentials`. */
  readonly answer: boolean
  readonly revocationSet: boolean
  readonly firmwareInformation: boolean
}

/** Checks about the device's answer to an attestation request. */
const answerChecks: ReadonlySet<AttestationCheck> = new Set([
  'ATT-01',
  'ATT-08',
  'ATT-14',
  'ATT-15',
])

/**
 * Every check in its order: the first failure ends the procedure, what stands behind it was not asked. The type that a test key
 * may not sign fails ATT-17 after ATT-19; ATT-18 and ATT-19 are told as not asked there, too.
 */
export function traceChecks(result: AttestationResult, asked: AskedOf): readonly TracedCheck[] {
  const failedCheck = result.ok ? undefined : result.check
  let isOver = false
  return attestationChecks.map((check): TracedCheck => {
    const { text } = attestationRules[check]
    if (check === failedCheck) {
      isOver = true
      return { check, outcome: 'failed', text }
    }
    return { check, outcome: isOver || !isAsked(check, asked) ? 'not asked' : 'passed', text }
  })
}

function isAsked(check: AttestationCheck, asked: AskedOf): boolean {
  if (answerChecks.has(check)) return asked.answer
  if (check === 'ATT-13') return asked.revocationSet
  if (check === 'ATT-26') return asked.answer && asked.firmwareInformation
  return true
}

/** The checks in the order in which they run. */
export const attestationChecks: readonly AttestationCheck[] = [
  'ATT-01',
  'ATT-02',
  'ATT-03',
  'ATT-04',
  'ATT-05',
  'ATT-06',
  'ATT-07',
  'ATT-08',
  'ATT-09',
  'ATT-10',
  'ATT-11',
  'ATT-12',
  'ATT-13',
  'ATT-14',
  'ATT-15',
  'ATT-16',
  'ATT-17',
  'ATT-18',
  'ATT-19',
  'ATT-20',
  'ATT-21',
  'ATT-22',
  'ATT-23',
  'ATT-24',
  'ATT-25',
  'ATT-26',
]
