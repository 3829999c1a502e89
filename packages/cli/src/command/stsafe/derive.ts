import { Command, Option } from 'commander'
import { toHex } from '@keyline/bytes'
import type { DeriveInput } from '@keyline/stsafe/layout'
import { CliError } from '../../errors.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import { derivedKeyOf, type KeyOptions } from '../../wiring/stsafe-key-information.ts'
import { readKey, requireNewFile, writeSecret } from '../../wiring/stsafe-keys.ts'
import { hexOctets } from '../../wiring/stsafe-message.ts'
import { wholeNumber } from '../options.ts'
import { withKeyInformation } from './key-options.ts'
import { chipCommand, onChip, wholeNumbers, type End, type Report } from './on-chip.ts'

interface InputOptions extends ChipOptions {
  readonly slot?: number
  readonly ikm?: string
}
type ExtractOptions = InputOptions & { readonly salt?: Uint8Array }
type DeriveOptions = ExtractOptions & {
  readonly info?: Uint8Array
  readonly length: number
  readonly out: string
}
type ToSlotOptions = ExtractOptions & KeyOptions & { readonly info?: Uint8Array }

interface ExpandOptions extends ChipOptions {
  readonly slot: number
  readonly info?: Uint8Array
  readonly length: readonly number[]
  readonly out: string
}

interface SessionOptions extends ChipOptions {
  readonly slot: number
  readonly session: number
  readonly out: string
}

const nothing = new Uint8Array()
const slotOption = [
  '--slot <slot>',
  'symmetric key slot of mode HKDF',
  wholeNumber(0, 254),
] as const
const infoOption = ['--info <digits>', 'info in hexadecimal; none unless given', hexOctets] as const

/** `keyline stsafe derive`: HKDF-SHA-256 in the chip; what leaves it is a key, and goes to a file. */
export function deriveCommand(output: Output, end: End): Command {
  const derive = new Command('derive')
    .summary('derive keys with HKDF-SHA-256 from a key of the chip')
    .description(
      'Derives keys with HKDF-SHA-256 in the chip. Without the name of a step: extract and expand, into a file.',
    )
  derive.addCommand(keyCommand(output, end), { isDefault: true })
  for (const make of [extractCommand, expandCommand, toSlotCommand, sessionCommand]) {
    derive.addCommand(make(output, end))
  }
  return derive
}

function keyCommand(output: Output, end: End): Command {
  return withInput(chipCommand('key', 'extract and expand, into a file'))
    .requiredOption('--out <file>', 'takes the derived key, in hexadecimal')
    .option(...infoOption)
    .option('--length <octets>', 'length of the derived key', wholeNumber(1, 255), 32)
    .action(async (options: DeriveOptions) => {
      using input = await inputOf(output, options)
      const { info = nothing, length, out, salt = nothing } = options
      await requireNewFile(out)
      end(
        await onChip(output, options, async ({ derivation }, call) => {
          const derived = { input: input.value, salt, info }
          const key = await derivation.derive(derived, length, call)
          return writtenTo(out, [key])
        }),
      )
    })
}

function extractCommand(output: Output, end: End): Command {
  const summary =
    'extract alone, into a slot that is open to derived keys: the first empty one, else the first unlocked one'
  return withInput(chipCommand('extract', summary)).action(async (options: ExtractOptions) => {
    using input = await inputOf(output, options)
    const { salt = nothing } = options
    end(
      await onChip(output, options, async ({ derivation }, call) =>
        takenBy(await derivation.extract(input.value, salt, call)),
      ),
    )
  })
}

function expandCommand(output: Output, end: End): Command {
  return chipCommand('expand', 'expand alone, from a slot that was extracted, into a file')
    .requiredOption(...slotOption)
    .requiredOption('--out <file>', 'takes the derived keys in hexadecimal, one a line')
    .option(...infoOption)
    .addOption(
      new Option('--length <octets>', 'length of the key; 16,32 cuts one stream into several')
        .argParser(wholeNumbers(1, 255))
        .default([32], '32'),
    )
    .action(async (options: ExpandOptions) => {
      const { info = nothing, length: lengths, out, slot } = options
      await requireNewFile(out)
      end(
        await onChip(output, options, async ({ derivation }, call) =>
          writtenTo(out, await derivation.expandMultiple(slot, { info, lengths }, call)),
        ),
      )
    })
}

function toSlotCommand(output: Output, end: End): Command {
  const summary =
    'extract and expand, into a slot that is open to derived keys: the first empty one, else the first unlocked one'
  return withKeyInformation(
    withInput(chipCommand('to-slot', summary)).option(...infoOption),
  ).action(async (options: ToSlotOptions) => {
    const key = derivedKeyOf(options)
    using input = await inputOf(output, options)
    const { info = nothing, salt = nothing } = options
    end(
      await onChip(output, options, async ({ derivation }, call) => {
        const derived = { input: input.value, salt, info }
        return takenBy(await derivation.deriveToSlot(derived, key, call))
      }),
    )
  })
}

function sessionCommand(output: Output, end: End): Command {
  const summary =
    'derive encryption and MAC key of a numbered session, into a file; a slot that is open to derived keys takes what is extracted'
  return chipCommand('session', summary)
    .requiredOption(...slotOption)
    .requiredOption('--session <number>', 'number of the session', wholeNumber(0, 0xffff_ffff))
    .requiredOption('--out <file>', 'takes encryptionKey and macKey, JSON')
    .action(async (options: SessionOptions) => {
      const { out, session, slot } = options
      await requireNewFile(out)
      end(
        await onChip(output, options, async ({ derivation }, call) => {
          const { encryptionKey, macKey } = await derivation.sessionKeys(slot, session, call)
          const members = { encryptionKey: toHex(encryptionKey), macKey: toHex(macKey) }
          await writeSecret(out, `${JSON.stringify(members, undefined, 2)}\n`)
          encryptionKey.fill(0)
          macKey.fill(0)
          return { text: `keys of session ${session}   ${out}\n`, document: { session, out } }
        }),
      )
    })
}

function withInput(command: Command): Command {
  return command
    .option(...slotOption)
    .option(
      '--ikm <file>',
      'a key of your own in place of that of a slot, in hexadecimal; readable on the bus',
    )
    .option('--salt <digits>', 'salt in hexadecimal; none unless given', hexOctets)
}

async function inputOf(
  output: Output,
  { slot, ikm }: InputOptions,
): Promise<{ readonly value: DeriveInput } & Disposable> {
  if ((slot === undefined) === (ikm === undefined)) {
    throw new CliError('CLI_USAGE', 'the input key is not named by one of --slot and --ikm')
  }
  if (slot !== undefined) return { value: { slot }, [Symbol.dispose]: () => undefined }
  const key = await readKey(output, ikm, { option: '--ikm', what: 'the input key' })
  return { value: { key: key.reveal() }, [Symbol.dispose]: () => key.wipe() }
}

async function writtenTo(out: string, keys: readonly Uint8Array[]): Promise<Report> {
  await writeSecret(out, keys.map((key) => `${toHex(key)}\n`).join(''))
  const lengths = keys.map((key) => key.length)
  for (const key of keys) key.fill(0)
  const octets = lengths.length === 1 ? (lengths[0] ?? 0) : lengths
  return { text: `${lengths.join(' + ')} octets   ${out}\n`, document: { octets, out } }
}

function takenBy(slot: number): Report {
  return { text: `slot ${slot} holds the derived key\n`, document: { slot } }
}
