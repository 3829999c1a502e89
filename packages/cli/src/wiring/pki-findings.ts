import { describeFinding, hasErrors, type Finding } from '@keyline/bytes'
import { ExitCode } from '../exit-code.ts'

/** Findings as lines for people, each behind the indent. */
export function findingLines(findings: readonly Finding[], indent = '  '): string {
  return findings.map((finding) => `${indent}${describeFinding(finding)}\n`).join('')
}

/** An error among findings is a failed check; warnings are not. */
export function exitCodeOfFindings(findings: readonly Finding[]): ExitCode {
  return hasErrors(findings) ? ExitCode.failed : ExitCode.done
}
