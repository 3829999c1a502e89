import { Command, InvalidArgumentError } from 'commander'
import { toHex, type Secret } from '@keyline/bytes'
import { noSigner, type CurveName, type SymmetricKeyControl } from '@keyline/stsafe/layout'
import type { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import {
  keyInformationOf,
  keyRow,
  keyTableHeadings,
  type KeyOptions,
} from '../../wiring/stsafe-key-information.ts'
import { readKey, requireNewFile } from '../../wiring/stsafe-keys.ts'
import { KeyFile } from '../../wiring/stsafe-new-keys.ts'
import { signerOf, type SignerOptions } from '../../wiring/stsafe-signer.ts'
import { keyOfSlot, keySlots } from '../../wiring/stsafe-slots.ts'
import { tableText } from '../../wiring/stsafe-text.ts'
import { wholeNumber } from '../options.ts'
import { withCurve, withSigner } from './agreement-options.ts'
import { withKeyInformation } from './key-options.ts'
import { chipCommand, namesOf, onChip, permanentCommand, type End } from './on-chip.ts'

/** Names on the command line of the flags of the control fields. */
const allowances = {
  establish: 'establishAnonymous',
  wrapped: 'wrappedAnonymous',
  put: 'put',
  plaintext: 'plaintext',
  derived: 'derived',
  'change-right': 'changeRight',
} as const
const allowedNames = [
  'establish',
  'wrapped',
  'put',
  'plaintext',
  'derived',
  'change-right',
] as const

interface ControlOptions extends ChipOptions {
  readonly allow?: readonly (typeof allowedNames)[number][]
  readonly wrappedSigner?: number
  readonly establishSigner?: number
}

type AgreedOptions = ChipOptions & KeyOptions & SignerOptions & { readonly curve: CurveName }
type ProvisionOptions = AgreedOptions & { readonly key?: string; readonly plaintext?: boolean }
type EstablishOptions = AgreedOptions & { readonly out: string }

const slotArgument = ['<slot>', 'symmetric key slot', wholeNumber(0, 254)] as const

/** `keyline stsafe keys`: symmetric keys. */
export function keysCommand(output: Output, end: End): Command {
  const keys = new Command('keys').summary('symmetric keys: table, rights, provisioning, erasing')
  const commands = [listCommand, controlCommand, provisionCommand, establishCommand, eraseCommand]
  for (const make of commands) keys.addCommand(make(output, end))
  return keys
}

function listCommand(output: Output, end: End): Command {
  return chipCommand('list', 'list the slots and the keys in them').action(
    async (options: ChipOptions) =>
      end(
        await onChip(output, options, async ({ symmetricKeys }, call) => {
          const table = await symmetricKeys.table(call)
          const slots = table.map((entry, slot) => ({ slot, key: entry ?? null }))
          return { text: tableText(keyTableHeadings, table.map(keyRow)), document: { slots } }
        }),
      ),
  )
}

function controlCommand(output: Output, end: End): Command {
  return permanentCommand('control', 'show how slots may be provisioned, or set it for one')
    .argument('[slot]', 'symmetric key slot; all unless given', wholeNumber(0, 254))
    .option(
      '--allow <names>',
      `sets exactly these: ${allowedNames.join(', ')}`,
      namesOf(allowedNames),
    )
    .option(
      '--wrapped-signer <slot>',
      'public key slot of who authenticates wrapping',
      wholeNumber(0, 254),
    )
    .option(
      '--establish-signer <slot>',
      'public key slot of who authenticates ECDHE',
      wholeNumber(0, 254),
    )
    .action(async (slot: number | undefined, options: ControlOptions, command: Command) => {
      if (options.allow !== undefined && slot === undefined) {
        command.error("error: missing argument 'slot': which one shall be set?")
      }
      if (
        options.allow === undefined &&
        (options.wrappedSigner ?? options.establishSigner) !== undefined
      ) {
        command.error('error: a signer needs --allow: all fields are set together')
      }
      end(
        await onChip(output, options, async (chip, call) => {
          const { symmetricKeys } = chip
          if (slot !== undefined) await keySlots(chip, [slot], call)
          if (options.allow !== undefined && slot !== undefined) {
            await symmetricKeys.putControl(slot, controlOf(options), call)
          }
          const slots = slot === undefined ? [...(await symmetricKeys.table(call)).keys()] : [slot]
          const controls = []
          for (const one of slots) {
            controls.push({ slot: one, ...(await symmetricKeys.control(one, call)) })
          }
          return { text: controlText(controls), document: { slots: controls } }
        }),
      )
    })
}

function controlOf(options: ControlOptions): SymmetricKeyControl {
  const { allow = [], wrappedSigner = noSigner, establishSigner = noSigner } = options
  return {
    allowed: {
      establishAnonymous: allow.includes('establish'),
      wrappedAnonymous: allow.includes('wrapped'),
      put: allow.includes('put'),
      changeRight: allow.includes('change-right'),
      plaintext: allow.includes('plaintext'),
      derived: allow.includes('derived'),
    },
    wrappedSignerSlot: wrappedSigner,
    establishSignerSlot: establishSigner,
  }
}

function controlText(controls: ReadonlyArray<SymmetricKeyControl & { slot: number }>): string {
  return tableText(
    ['slot', 'allowed', 'wrapped signer', 'establish signer'],
    controls.map(({ slot, allowed, wrappedSignerSlot, establishSignerSlot }) => [
      String(slot).padStart(2, '0'),
      allowedNames.filter((name) => allowed[allowances[name]]).join(', ') || '-',
      signerText(wrappedSignerSlot),
      signerText(establishSignerSlot),
    ]),
  )
}

function signerText(slot: number): string {
  return slot === noSigner ? '-' : String(slot)
}

function provisionCommand(output: Output, end: End): Command {
  const command = permanentCommand('provision', 'write a key, in an envelope unless told otherwise')
    .argument(...slotArgument)
    .option(
      '--key <file>',
      'the key in hexadecimal; - for the standard input; asked for unless given',
    )
    .option('--plaintext', 'write the key as it is, readable on the bus')
  return withSigner(withCurve(withKeyInformation(command))).action(
    async (slot: number, options: ProvisionOptions) => {
      const information = keyInformationOf(slot, options)
      using key = await readKey(output, options.key, { option: '--key', what: 'the key' })
      const authenticator = await signerOf(output, options)
      end(
        await onChip(output, options, async (chip, call) => {
          const { symmetricKeys } = chip
          await keySlots(chip, [slot], call)
          if (options.plaintext === true) await symmetricKeys.write(information, key, call)
          else {
            const { curve } = options
            await symmetricKeys.writeWrapped(information, key, { curve, authenticator, ...call })
          }
          const { type, mode } = information
          return {
            text: `slot ${slot} holds a key ${type} ${mode}\n`,
            document: { slot, type, mode },
          }
        }),
      )
    },
  )
}

function establishCommand(output: Output, end: End): Command {
  const command = permanentCommand(
    'establish',
    'agree on fresh keys by ECDHE in one go, and write them to a file',
  )
    .argument('<slots...>', 'symmetric key slots, such as 3 or 3 4 5', slotNumbers)
    .requiredOption(
      '--out <file>',
      'takes the keys, one a line: there is no other way to have them',
    )
  return withSigner(withCurve(withKeyInformation(command))).action(
    async (slots: readonly number[], options: EstablishOptions) => {
      const keys = slots.map((slot) => keyInformationOf(slot, options))
      const authenticator = await signerOf(output, options)
      await requireNewFile(options.out)
      const { curve, out, mode, type } = options
      const remedy = 'run keyline stsafe keys list to learn whether the slots hold them'
      const file = new KeyFile(output, out, remedy)
      const onAgreed = async (agreed: readonly Secret[]): Promise<void> => {
        await file.keep(agreed.map((key) => `${toHex(key.reveal())}\n`).join(''))
        file.begin()
      }
      const agree = (): Promise<ExitCode> =>
        onChip(output, options, async (chip, call) => {
          await keySlots(chip, slots, call)
          const agreement = { curve, authenticator, onAgreed, ...call }
          const agreed = await chip.symmetricKeys.establish(keys, agreement)
          file.end()
          for (const key of agreed) key.wipe()
          const lines = slots.map((slot) => `slot ${slot} holds a key ${type} ${mode}\n`)
          const document = { slots, type, mode, keys: out }
          return { text: `${lines.join('')}keys   ${out}\n`, document }
        })
      end(await file.during(agree))
    },
  )
}

/** Gathers the slots; each can take one key. */
function slotNumbers(text: string, before: readonly number[] = []): readonly number[] {
  const slot = wholeNumber(0, 254)(text)
  if (before.includes(slot)) throw new InvalidArgumentError(`Slot ${slot} is named twice.`)
  return [...before, slot]
}

function eraseCommand(output: Output, end: End): Command {
  return permanentCommand('erase', 'erase the key of a slot')
    .argument(...slotArgument)
    .action(async (slot: number, options: ChipOptions) =>
      end(
        await onChip(output, options, async (chip, call) => {
          await keyOfSlot(chip, slot, call)
          await chip.symmetricKeys.erase(slot, call)
          return { text: `slot ${slot} is empty\n`, document: { slot, erased: true } }
        }),
      ),
    )
}
