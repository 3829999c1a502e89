import { Command } from 'commander'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { credentialCommand } from './attest/credential.ts'
import { endorseCommand } from './attest/endorse.ts'
import { inspectCommand } from './attest/inspect.ts'
import { keysCommand } from './attest/keys.ts'
import { serveCommand } from './attest/serve.ts'
import { tokenCommand } from './attest/token.ts'
import { verifyCommand } from './attest/verify.ts'

/** `keyline attest`: tokens made, explained and verified; endorsements; the verifier as a service. */
export function attestCommand(output: Output, end: (code: ExitCode) => void): Command {
  const attest = new Command('attest')
  for (const make of [
    keysCommand,
    tokenCommand,
    inspectCommand,
    verifyCommand,
    endorseCommand,
    serveCommand,
    credentialCommand,
  ]) {
    attest.addCommand(make(output, end))
  }
  return attest
}
