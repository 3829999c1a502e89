import type { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import type { Output } from '../../terminal/output.ts'
import { writeWhole } from '../../wiring/pki-output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import { requireNewFile } from '../../wiring/stsafe-keys.ts'
import { hexOctets } from '../../wiring/stsafe-message.ts'
import { wholeNumber } from '../options.ts'
import { chipCommand, onChip, type End } from './on-chip.ts'

interface DeriveOptions extends ChipOptions {
  readonly slot: number
  readonly salt?: Uint8Array
  readonly info?: Uint8Array
  readonly length: number
  readonly out: string
}

/** `keyline stsafe derive`: HKDF-SHA-256 with a key of the chip; what comes out is a key, and goes to a file. */
export function deriveCommand(output: Output, end: End): Command {
  return chipCommand('derive', 'derive a key with HKDF-SHA-256 from a key of the chip')
    .requiredOption('--slot <slot>', 'symmetric key slot of mode HKDF', wholeNumber(0, 254))
    .requiredOption('--out <file>', 'takes the derived key, in hexadecimal')
    .option('--salt <digits>', 'salt in hexadecimal; none unless given', hexOctets)
    .option('--info <digits>', 'info in hexadecimal; none unless given', hexOctets)
    .option('--length <octets>', 'length of the derived key', wholeNumber(1, 255), 32)
    .action(async (options: DeriveOptions) => {
      const { info = new Uint8Array(), length, out, salt = new Uint8Array(), slot } = options
      await requireNewFile(out)
      end(
        await onChip(output, options, async ({ derivation }, call) => {
          const key = await derivation.derive({ input: { slot }, salt, info }, length, call)
          await writeWhole({ path: out, content: `${toHex(key)}\n`, isSecret: true })
          key.fill(0)
          return { text: `${length} octets   ${out}\n`, document: { octets: length, out } }
        }),
      )
    })
}
