import { readOutputs, type OutputFolders } from './output/outputs.ts'
import { checkDecided } from './promise/decided.ts'
import { checkEndorsed, checkTrusted } from './promise/endorsed.ts'
import { checkHistory } from './promise/history.ts'
import { checkNoFalseFail } from './promise/no-false-fail.ts'
import { checkNoFalsePass } from './promise/no-false-pass.ts'
import { checkNothingLost } from './promise/nothing-lost.ts'
import { checkOnce } from './promise/once.ts'
import { checkQuota } from './promise/quota.ts'
import { checkResults } from './promise/results.ts'
import { checkUniqueness } from './promise/uniqueness.ts'
import type { Violation } from './violation.ts'

export interface CheckOptions extends OutputFolders {
  /** False right behind a crash: units may be open and results may miss. */
  readonly isFinished: boolean
}

/**
 * Decides the promises P1, P2, P3, P4, P5, P7 and P9 of the fault matrix from what a station leaves behind: database file,
 * journal, flash of the boards, results folder. It shares no code with the product.
 */
export function checkOutputs(options: CheckOptions): readonly Violation[] {
  const outputs = readOutputs(options)
  return [
    ...checkUniqueness(outputs),
    ...checkNothingLost(outputs),
    ...checkNoFalsePass(outputs),
    ...checkNoFalseFail(outputs),
    ...checkOnce(outputs),
    ...checkResults(outputs),
    ...checkQuota(outputs.ledger),
    ...checkTrusted(outputs),
    ...checkHistory(outputs),
    ...(options.isFinished ? [...checkDecided(outputs), ...checkEndorsed(outputs)] : []),
  ]
}
