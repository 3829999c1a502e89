import { Command } from 'commander'
import type { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { accessCommand } from './stsafe/access.ts'
import { authenticateCommand, certificateCommand } from './stsafe/authentication.ts'
import { decryptCommand, encryptCommand } from './stsafe/cipher.ts'
import { decodeCommand } from './stsafe/decode.ts'
import { deriveCommand } from './stsafe/derive.ts'
import { entityCommand } from './stsafe/entity.ts'
import { ecdhCommand, keyPairCommand, signCommand, verifyCommand } from './stsafe/ecc.ts'
import { unwrapCommand, wrapCommand } from './stsafe/envelope.ts'
import { hashCommand } from './stsafe/hash.ts'
import { hibernateCommand, i2cCommand } from './stsafe/i2c.ts'
import { passwordCommand, lockCommand } from './stsafe/password.ts'
import { publicKeysCommand } from './stsafe/public-keys.ts'
import { counterCommand, readCommand, writeCommand, zonesCommand } from './stsafe/zones.ts'
import { echoCommand, infoCommand, randomCommand, resetCommand } from './stsafe/device.ts'
import { hostKeysCommand } from './stsafe/host-keys.ts'
import { keysCommand } from './stsafe/keys.ts'
import { macCommand, verifyMacCommand } from './stsafe/mac.ts'
import { simCommand } from './stsafe/sim.ts'

/** `keyline stsafe`: a secure element STSAFE-A120, on a bus or in software. */
export function stsafeCommand(output: Output, end: (code: ExitCode) => void): Command {
  const stsafe = new Command('stsafe')
  const commands = [
    simCommand,
    infoCommand,
    randomCommand,
    echoCommand,
    resetCommand,
    i2cCommand,
    hibernateCommand,
    certificateCommand,
    authenticateCommand,
    entityCommand,
    zonesCommand,
    readCommand,
    writeCommand,
    counterCommand,
    hostKeysCommand,
    keysCommand,
    macCommand,
    verifyMacCommand,
    encryptCommand,
    decryptCommand,
    keyPairCommand,
    publicKeysCommand,
    signCommand,
    verifyCommand,
    ecdhCommand,
    hashCommand,
    deriveCommand,
    wrapCommand,
    unwrapCommand,
    accessCommand,
    passwordCommand,
    lockCommand,
    decodeCommand,
  ]
  for (const make of commands) stsafe.addCommand(make(output, end))
  return stsafe
}
