import { Command } from 'commander'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { cdCommand } from './pki-cd.ts'
import { crlCommand } from './pki-crl.ts'
import { dclPointCommand } from './pki-dcl-point.ts'
import { initCommand } from './pki-init.ts'
import { issueCommand } from './pki-issue.ts'
import { lintCommand } from './pki-lint.ts'
import { revocationSetCommand } from './pki-revocation-set.ts'
import { revokeCommand } from './pki-revoke.ts'
import { verifyCommand } from './pki-verify.ts'

/** `keyline pki`: certificates and declarations, made, judged, and verified as a commissioner does it. */
export function pkiCommand(output: Output, end: (code: ExitCode) => void): Command {
  const pki = new Command('pki')
  for (const make of [
    initCommand,
    issueCommand,
    cdCommand,
    lintCommand,
    verifyCommand,
    revokeCommand,
    crlCommand,
    dclPointCommand,
    revocationSetCommand,
  ]) {
    pki.addCommand(make(output, end))
  }
  return pki
}
