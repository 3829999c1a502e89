import { Command } from 'commander'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { cdCommand } from './pki-cd.ts'
import { initCommand } from './pki-init.ts'
import { issueCommand } from './pki-issue.ts'
import { lintCommand } from './pki-lint.ts'
import { verifyCommand } from './pki-verify.ts'

/** `keyline pki`: certificates and declarations, made, judged, and verified as a commissioner does it. */
export function pkiCommand(output: Output, end: (code: ExitCode) => void): Command {
  const pki = new Command('pki')
  for (const make of [initCommand, issueCommand, cdCommand, lintCommand, verifyCommand]) {
    pki.addCommand(make(output, end))
  }
  return pki
}
