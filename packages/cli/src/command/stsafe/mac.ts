import type { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import type { KeyTableEntry } from '@keyline/stsafe/layout'
import { CliError } from '../../errors.ts'
import { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import {
  hexOctets,
  readMessage,
  withMessage,
  type MessageOptions,
} from '../../wiring/stsafe-message.ts'
import { keyOfSlot } from '../../wiring/stsafe-slots.ts'
import { wholeNumber } from '../options.ts'
import { chipCommand, onChip, type End } from './on-chip.ts'

type MacOptions = ChipOptions & MessageOptions & { readonly slot: number; readonly length: number }
type VerifyOptions = ChipOptions &
  MessageOptions & { readonly slot: number; readonly mac: Uint8Array }

const slotOption = ['--slot <slot>', 'symmetric key slot', wholeNumber(0, 254)] as const

/** `keyline stsafe mac`: CMAC or HMAC, as the key says. */
export function macCommand(output: Output, end: End): Command {
  return withMessage(chipCommand('mac', 'compute a CMAC or HMAC with a key of the chip'))
    .requiredOption(...slotOption)
    .option('--length <octets>', 'length of the MAC', wholeNumber(1, 32), 16)
    .action(async (options: MacOptions) => {
      const message = await readMessage(options)
      end(
        await onChip(output, options, async (chip, call) => {
          const { slot, length } = options
          requireMacKey(slot, await keyOfSlot(chip, slot, call))
          const mac = toHex(await chip.macs.compute({ slot, message, length }, call))
          return { text: `${mac}\n`, document: { mac } }
        }),
      )
    })
}

/** `keyline stsafe verify-mac`; a MAC is no secret. */
export function verifyMacCommand(output: Output, end: End): Command {
  return withMessage(chipCommand('verify-mac', 'let the chip verify a CMAC or HMAC'))
    .requiredOption(...slotOption)
    .requiredOption('--mac <digits>', 'the MAC in hexadecimal', hexOctets)
    .action(async (options: VerifyOptions) => {
      const message = await readMessage(options)
      end(
        await onChip(output, options, async (chip, call) => {
          const { slot, mac } = options
          requireMacKey(slot, await keyOfSlot(chip, slot, call))
          return verdict(await chip.macs.verify({ slot, message, mac }, call), 'MAC')
        }),
      )
    })
}

/** @throws CliError `CLI_USAGE` */
function requireMacKey(slot: number, { mode }: KeyTableEntry): void {
  if (mode === 'CMAC' || mode === 'HMAC') return
  const remedy =
    'name a key of mode CMAC or HMAC; a GMAC is made by keyline stsafe encrypt without message'
  const message = `slot ${slot} holds a key of mode ${mode}, which makes no MAC`
  throw new CliError('CLI_USAGE', message, { remedy })
}

/** Valid or not, in text, document and exit code. */
export function verdict(valid: boolean, what: string) {
  const text = `the ${what} is ${valid ? 'valid' : 'WRONG'}\n`
  return { text, document: { valid }, code: valid ? ExitCode.done : ExitCode.failed }
}
