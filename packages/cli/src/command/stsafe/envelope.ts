import type { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import type { Stsafe } from '@keyline/stsafe'
import { CliError } from '../../errors.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipCall, ChipOptions } from '../../wiring/stsafe-chip.ts'
import { readMessage, withMessage, type MessageOptions } from '../../wiring/stsafe-message.ts'
import { requireSlots } from '../../wiring/stsafe-slots.ts'
import { wholeNumber } from '../options.ts'
import {
  chipCommand,
  confirmPermanent,
  nameOf,
  onChip,
  permanentCommand,
  type End,
} from './on-chip.ts'
import { requireNewFile, writeSecret } from '../../wiring/stsafe-keys.ts'

interface WrapOptions extends ChipOptions, MessageOptions {
  readonly slot: number
  readonly newKey?: 'AES-128' | 'AES-256'
}

interface UnwrapOptions extends ChipOptions, MessageOptions {
  readonly slot: number
  readonly out: string
}

const types = ['AES-128', 'AES-256'] as const
const slotOption = ['--slot <slot>', 'local envelope key slot', wholeNumber(0, 254), 0] as const

/** `keyline stsafe wrap`: AES key wrap under a key that never leaves the chip. */
export function wrapCommand(output: Output, end: End): Command {
  return withMessage(permanentCommand('wrap', 'wrap 16 to 480 octets for this chip alone'))
    .option(...slotOption)
    .option(
      '--new-key <type>',
      `makes the key of the slot first: ${types.join(' or ')}`,
      nameOf(types),
    )
    .action(async (options: WrapOptions) => {
      const payload = await readMessage(options)
      const { newKey, slot } = options
      end(
        await onChip(output, options, async ({ envelopes }, call) => {
          await requireSlot(envelopes, { slot, isFilled: newKey === undefined }, call)
          if (newKey !== undefined) {
            confirmPermanent(output, options, `the key of envelope slot ${slot} can be made once`)
            await envelopes.generateKey(slot, newKey, call)
          }
          const wrapped = toHex(await envelopes.wrap(slot, payload, call))
          return { text: `${wrapped}\n`, document: { wrapped } }
        }),
      )
    })
}

/** `keyline stsafe unwrap`; what was worth wrapping goes to a file. */
export function unwrapCommand(output: Output, end: End): Command {
  return withMessage(chipCommand('unwrap', 'unwrap what this chip has wrapped'))
    .option(...slotOption)
    .requiredOption('--out <file>', 'takes the payload')
    .action(async (options: UnwrapOptions) => {
      const wrapped = await readMessage(options)
      const { out, slot } = options
      await requireNewFile(out)
      end(
        await onChip(output, options, async ({ envelopes }, call) => {
          await requireSlot(envelopes, { slot, isFilled: true }, call)
          const content = await envelopes.unwrap(slot, wrapped, call)
          await writeSecret(out, content)
          const text = `${content.length} octets   ${out}\n`
          return { text, document: { octets: content.length, out } }
        }),
      )
    })
}

/** @throws CliError `CLI_USAGE` for a slot that is not there, is empty, or filled and to be filled again */
async function requireSlot(
  envelopes: Stsafe['envelopes'],
  { slot, isFilled }: { readonly slot: number; readonly isFilled: boolean },
  call: ChipCall,
): Promise<void> {
  const table = await envelopes.table(call)
  const known = table.map((one) => one.slot)
  requireSlots('local envelope key', [slot], known)
  const presence = table.find((one) => one.slot === slot)?.presence
  if ((presence === 'present') === isFilled) return
  if (!isFilled) throw new CliError('CLI_USAGE', `envelope slot ${slot} has its key already`)
  const remedy = 'make it first, with keyline stsafe wrap --new-key AES-128 --permanent'
  throw new CliError('CLI_USAGE', `envelope slot ${slot} of the chip has no key`, { remedy })
}
