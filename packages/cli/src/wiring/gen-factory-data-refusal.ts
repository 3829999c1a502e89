import type { Finding } from '@keyline/bytes'
import { optionRules, RefusedInput, type OptionRule } from '@keyline/station'

/** A rule of the command line that only the run can judge. */
export function cause(rule: OptionRule, field: string, message: string, value = ''): Finding {
  const { severity, remedy } = optionRules[rule]
  return { rule, severity, field, value, message, remedy }
}

export function refusedRun(findings: readonly Finding[]): RefusedInput {
  return new RefusedInput('the run', findings)
}
