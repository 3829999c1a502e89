import { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import { curves } from '@keyline/stsafe/layout'
import { CliError } from '../../errors.ts'
import { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import { entityOf, type EntityOptions } from '../../wiring/stsafe-entity.ts'
import { hexOctets } from '../../wiring/stsafe-message.ts'
import { wholeNumber } from '../options.ts'
import { chipCommand, onChip, type End, type Report } from './on-chip.ts'

interface VerifyOptions extends ChipOptions {
  readonly slot: number
  readonly signature: Uint8Array
}

/** `keyline stsafe entity`: somebody proves to the chip to be the owner of a public key slot. */
export function entityCommand(output: Output, end: End): Command {
  const entity = new Command('entity')
    .summary('authenticate an entity to the chip: challenge, verify, authenticate')
    .description(
      'Authenticates the owner of a public key slot to the chip, until its next reset. Zones may ask for it.\n' +
        'A signer of your own signs between `challenge` and `verify`: ECDSA takes the challenge for the digest, Ed25519 for the message.',
    )
  for (const make of [challengeCommand, verifyCommand, authenticateCommand]) {
    entity.addCommand(make(output, end))
  }
  return entity
}

function challengeCommand(output: Output, end: End): Command {
  return chipCommand('challenge', 'draw the challenge that the entity has to sign').action(
    async (options: ChipOptions) =>
      end(
        await onChip(output, options, async ({ ecc }, call) => {
          const challenge = toHex(await ecc.generateChallenge(call))
          return { text: `${challenge}\n`, document: { challenge } }
        }),
      ),
  )
}

function verifyCommand(output: Output, end: End): Command {
  return chipCommand('verify', 'let the chip verify the signature over its last challenge')
    .requiredOption('--slot <slot>', 'public key slot of the entity', wholeNumber(0, 254))
    .requiredOption('--signature <digits>', 'raw signature R and S, hexadecimal', hexOctets)
    .action(async ({ slot, signature, ...options }: VerifyOptions) =>
      end(
        await onChip(output, options, async ({ ecc, publicKeys }, call) => {
          const { key } = await publicKeys.slot(slot, call)
          if (key === undefined) {
            throw new CliError('CLI_USAGE', `public key slot ${slot} of the chip is empty`)
          }
          const length = curves[key.curve].signature
          if (signature.length !== length) {
            const message = `the signature has ${signature.length} octets, but ${key.curve} has ${length}`
            throw new CliError('CLI_USAGE', message)
          }
          return report(await ecc.verifyEntitySignature({ slot, signature }, call))
        }),
      ),
    )
}

function authenticateCommand(output: Output, end: End): Command {
  return chipCommand(
    'authenticate',
    'sign the challenge with an Ed25519 key at hand, and verify it',
  )
    .requiredOption('--entity-slot <slot>', 'public key slot of the entity', wholeNumber(0, 254))
    .option('--entity-key <file>', 'its private key, hexadecimal; asked for unless given')
    .action(async (options: ChipOptions & EntityOptions) => {
      const entity = await entityOf(output, options)
      end(
        await onChip(output, options, async ({ authentication }, call) =>
          report(entity !== undefined && (await authentication.authenticateEntity(entity, call))),
        ),
      )
    })
}

function report(authenticated: boolean): Report {
  const text = `the entity is ${authenticated ? 'authenticated' : 'NOT authenticated'}\n`
  const code = authenticated ? ExitCode.done : ExitCode.failed
  return { text, document: { authenticated }, code }
}
