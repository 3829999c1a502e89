import { Command } from 'commander'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { decryptCommand, encryptCommand } from './stsafe/cipher.ts'
import { decodeCommand } from './stsafe/decode.ts'
import { echoCommand, infoCommand, randomCommand, resetCommand } from './stsafe/device.ts'
import { hostKeysCommand } from './stsafe/host-keys.ts'
import { keysCommand } from './stsafe/keys.ts'
import { macCommand, verifyMacCommand } from './stsafe/mac.ts'
import { simCommand } from './stsafe/sim.ts'

/** `keyline stsafe`: a secure element STSAFE-A120, on a bus or in software. */
export function stsafeCommand(output: Output, end: (code: ExitCode) => void): Command {
  const stsafe = new Command('stsafe').summary('provision and use an STSAFE-A120, or simulate one')
  const commands = [
    simCommand,
    infoCommand,
    randomCommand,
    echoCommand,
    resetCommand,
    hostKeysCommand,
    keysCommand,
    macCommand,
    verifyMacCommand,
    encryptCommand,
    decryptCommand,
    decodeCommand,
  ]
  for (const make of commands) stsafe.addCommand(make(output, end))
  return stsafe
}
