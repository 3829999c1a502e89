import type { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import { hashOf } from '@keyline/crypto'
import type { Stsafe } from '@keyline/stsafe'
import { curves, ephemeralSlot, type CurveName } from '@keyline/stsafe/layout'
import { CliError } from '../../errors.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipCall, ChipOptions } from '../../wiring/stsafe-chip.ts'
import { requireNewFile, writeSecret } from '../../wiring/stsafe-keys.ts'
import {
  hexOctets,
  readMessage,
  withMessage,
  type MessageOptions,
} from '../../wiring/stsafe-message.ts'
import { curveNames, signerHashes } from '../../wiring/stsafe-signer.ts'
import { requireSlots } from '../../wiring/stsafe-slots.ts'
import { flagNames, tableText } from '../../wiring/stsafe-text.ts'
import { wholeNumber } from '../options.ts'
import { verdict } from './mac.ts'
import {
  chipCommand,
  confirmPermanent,
  nameOf,
  onChip,
  permanentCommand,
  type End,
} from './on-chip.ts'

interface KeyPairOptions extends ChipOptions {
  readonly slot?: number
  readonly curve?: CurveName
  readonly usageLimit: number
}

interface SignatureOptions extends ChipOptions, MessageOptions {
  readonly hash: (typeof signerHashes)[number]
  readonly digest?: boolean
}

type SignOptions = SignatureOptions & { readonly slot: number; readonly curve?: CurveName }
type VerifyOptions = SignatureOptions & {
  readonly curve: CurveName
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
}

interface EcdhOptions extends ChipOptions {
  readonly slot: number
  readonly curve?: CurveName
  readonly publicKey: Uint8Array
  readonly out: string
}

const curveOption = ['--curve <curve>', curveNames.join(', '), nameOf(curveNames)] as const
const publicKeyOption = [
  '--public-key <digits>',
  'raw public key, hexadecimal: X and Y, or 32 octets of a curve 25519',
  hexOctets,
] as const

/** `keyline stsafe key-pair`: lists the private key slots, or generates a pair in one. */
export function keyPairCommand(output: Output, end: End): Command {
  return permanentCommand('key-pair', 'list the private key slots, or generate a key pair in one')
    .option(
      '--slot <slot>',
      `generates in this slot; ${ephemeralSlot} is the ephemeral one`,
      wholeNumber(0, 255),
    )
    .option(...curveOption)
    .option(
      '--usage-limit <count>',
      'signatures that the key may make; 65535 without limit',
      wholeNumber(1, 0xffff),
      0xffff,
    )
    .action(async (options: KeyPairOptions) => {
      const { slot, curve, usageLimit } = options
      if ((slot === undefined) !== (curve === undefined)) {
        throw new CliError('CLI_USAGE', 'a new key pair needs both --slot and --curve')
      }
      end(
        await onChip(output, options, async ({ ecc }, call) => {
          if (slot === undefined || curve === undefined) return tableReport(await ecc.table(call))
          await confirmReplacement(output, options, slot, ecc, call)
          const publicKey = toHex(await ecc.generateKeyPair({ slot, curve, usageLimit }, call))
          return { text: `${publicKey}\n`, document: { slot, curve, publicKey } }
        }),
      )
    })
}

/** A key that is replaced is gone, and with it what its certificate proves. */
async function confirmReplacement(
  output: Output,
  options: ChipOptions,
  slot: number,
  ecc: Stsafe['ecc'],
  call: ChipCall,
): Promise<void> {
  const { slots } = await ecc.table(call)
  requireSlots(
    'private key',
    [slot],
    slots.map((one) => one.slot),
  )
  const entry = slots.find((one) => one.slot === slot)
  if (slot === ephemeralSlot || entry?.curve === undefined) return
  confirmPermanent(output, options, `the ${entry.curve} key of slot ${slot} is replaced and lost`)
}

function tableReport(table: Awaited<ReturnType<Stsafe['ecc']['table']>>) {
  const rows = table.slots.map(({ slot, curve, mode: { generate, eddsa, ...flags } }) => [
    String(slot).padStart(3),
    curve ?? '-',
    flagNames(flags),
    generate,
    eddsa,
  ])
  const text = tableText(['slot', 'curve', 'mode', 'generate', 'EdDSA'], rows)
  return { text, document: table }
}

/** `keyline stsafe sign`: ECDSA over a digest that is made here, or Ed25519 over the message. */
export function signCommand(output: Output, end: End): Command {
  return withSigned(chipCommand('sign', 'sign a message with a private key of the chip'))
    .requiredOption('--slot <slot>', 'private key slot', wholeNumber(0, 255))
    .option(
      '--curve <curve>',
      'curve of the key; the chip is asked unless given',
      nameOf(curveNames),
    )
    .action(async (options: SignOptions) => {
      const message = await readMessage(options)
      end(
        await onChip(output, options, async ({ ecc }, call) => {
          const { slot } = options
          const curve = options.curve ?? (await curveOf(ecc, slot, call))
          const input = { slot, curve, message: signed(message, curve, options) }
          const signature = toHex(await ecc.sign(input, call))
          return { text: `${signature}\n`, document: { curve, signature } }
        }),
      )
    })
}

/** `keyline stsafe verify`: the chip as judge. */
export function verifyCommand(output: Output, end: End): Command {
  return withSigned(chipCommand('verify', 'let the chip verify a signature'))
    .requiredOption(...curveOption)
    .requiredOption(...publicKeyOption)
    .requiredOption('--signature <digits>', 'raw signature R and S, hexadecimal', hexOctets)
    .action(async (options: VerifyOptions) => {
      const message = signed(await readMessage(options), options.curve, options)
      end(
        await onChip(output, options, async ({ ecc }, call) => {
          const { curve, publicKey, signature } = options
          const input = { curve, publicKey, signature, message }
          return verdict(await ecc.verify(input, call), 'signature')
        }),
      )
    })
}

/** `keyline stsafe ecdh`: a shared secret goes to a file. */
export function ecdhCommand(output: Output, end: End): Command {
  return chipCommand('ecdh', 'agree on a secret with a private key of the chip')
    .requiredOption(
      '--slot <slot>',
      `private key slot; ${ephemeralSlot} is the ephemeral one`,
      wholeNumber(0, 255),
    )
    .requiredOption(...publicKeyOption)
    .requiredOption('--out <file>', 'takes the shared secret, in hexadecimal')
    .option(
      '--curve <curve>',
      'curve of the key; the chip is asked unless given',
      nameOf(curveNames),
    )
    .action(async (options: EcdhOptions) => {
      const { out, publicKey, slot } = options
      await requireNewFile(out)
      end(
        await onChip(output, options, async ({ ecc }, call) => {
          const curve = options.curve ?? (await curveOf(ecc, slot, call))
          const secret = await ecc.sharedSecret({ slot, curve, publicKey }, call)
          await writeSecret(out, `${toHex(secret)}\n`)
          const text = `${secret.length} octets   ${out}\n`
          secret.fill(0)
          return { text, document: { curve, octets: curves[curve].sharedSecret, out } }
        }),
      )
    })
}

async function curveOf(ecc: Stsafe['ecc'], slot: number, call: ChipCall): Promise<CurveName> {
  const { curve } = await ecc.slot(slot, call)
  if (curve !== undefined) return curve
  throw new CliError('CLI_USAGE', `private key slot ${slot} of the chip is empty`)
}

function withSigned(command: Command): Command {
  return withMessage(command)
    .option('--hash <name>', 'hash of the message for ECDSA', nameOf(signerHashes), 'SHA-256')
    .option('--digest', 'the message is the digest itself')
}

/** What goes to the chip: the digest for ECDSA, the message for Ed25519. */
function signed(message: Uint8Array, curve: CurveName, options: SignatureOptions): Uint8Array {
  const isWhole = curves[curve].form === 'edwards' || options.digest === true
  return isWhole ? message : hashOf(options.hash, message)
}
