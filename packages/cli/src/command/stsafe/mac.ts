import type { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import {
  hexOctets,
  readMessage,
  withMessage,
  type MessageOptions,
} from '../../wiring/stsafe-message.ts'
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
        await onChip(output, options, async ({ macs }, call) => {
          const { slot, length } = options
          const mac = toHex(await macs.compute({ slot, message, length }, call))
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
        await onChip(output, options, async ({ macs }, call) => {
          const { slot, mac } = options
          return verdict(await macs.verify({ slot, message, mac }, call), 'MAC')
        }),
      )
    })
}

/** Valid or not, in text, document and exit code. */
export function verdict(valid: boolean, what: string) {
  const text = `the ${what} is ${valid ? 'valid' : 'WRONG'}\n`
  return { text, document: { valid }, code: valid ? ExitCode.done : ExitCode.failed }
}
