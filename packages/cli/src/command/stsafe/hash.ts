import type { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import { readMessage, withMessage, type MessageOptions } from '../../wiring/stsafe-message.ts'
import { signerHashes } from '../../wiring/stsafe-signer.ts'
import { chipCommand, nameOf, onChip, type End } from './on-chip.ts'

type HashOptions = ChipOptions &
  MessageOptions & { readonly algorithm: (typeof signerHashes)[number] }

/** `keyline stsafe hash`: a digest made by the chip. */
export function hashCommand(output: Output, end: End): Command {
  return withMessage(chipCommand('hash', 'let the chip compute a digest'))
    .option('--algorithm <name>', signerHashes.join(', '), nameOf(signerHashes), 'SHA-256')
    .action(async (options: HashOptions) => {
      const message = await readMessage(options)
      end(
        await onChip(output, options, async ({ hashes }, call) => {
          const { algorithm } = options
          const digest = toHex(await hashes.compute(algorithm, message, call))
          return { text: `${digest}\n`, document: { algorithm, digest } }
        }),
      )
    })
}
