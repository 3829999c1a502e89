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

/** Text of a certificate, declaration or label in quotes; no control character reaches a terminal. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
