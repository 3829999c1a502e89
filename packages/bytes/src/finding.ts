import { printable } from './printable.ts'

/** How much a finding weighs: an error stops the work, a warning does not, information only tells. */
export type Severity = 'error' | 'warning' | 'info'

/** What a declared rule says of itself: number, text and way out, in one table per rule family. */
export interface RuleEntry {
  readonly severity: Severity
  readonly text: string
  readonly remedy: string
}

export type RuleTable = Readonly<Record<string, RuleEntry>>

/**
 * One violated rule. All findings of an input are reported at once.
 * `value` is an excerpt that is safe to print: never a private key, never a passcode in production policy.
 */
export interface Finding {
  readonly rule: string
  readonly severity: Severity
  readonly field: string
  readonly value: string
  readonly message: string
  readonly remedy: string
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error')
}

/** `FD-013 error SETUP_DISCRIMINATOR=5000: … Remedy: …` on one line; control characters are escaped. */
export function describeFinding(finding: Finding): string {
  const value = finding.value === '' ? '' : `=${finding.value}`
  const message = finding.message.replace(/\.$/, '')
  return printable(
    `${finding.rule} ${finding.severity} ${finding.field}${value}: ${message}. Remedy: ${finding.remedy}`,
  )
}
