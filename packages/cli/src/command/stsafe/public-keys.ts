import { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import type { CurveName, PublicKeyFlags } from '@keyline/stsafe/layout'
import type { Output } from '../../terminal/output.ts'
import type { ChipOptions } from '../../wiring/stsafe-chip.ts'
import { hexOctets } from '../../wiring/stsafe-message.ts'
import { curveNames } from '../../wiring/stsafe-signer.ts'
import { requireSlots } from '../../wiring/stsafe-slots.ts'
import { tableText } from '../../wiring/stsafe-text.ts'
import { wholeNumber } from '../options.ts'
import { chipCommand, nameOf, namesOf, onChip, permanentCommand, type End } from './on-chip.ts'

/** Names on the command line of the flags of a slot. */
const roles = {
  'establish-symmetric-keys': 'establishSymmetricKeys',
  'start-kek-session': 'startKekSession',
  'entity-authentication': 'entityAuthentication',
  'establish-host-key': 'establishHostKey',
  'change-right': 'changeRight',
} as const satisfies Readonly<Record<string, keyof PublicKeyFlags>>
const roleNames = [
  'establish-symmetric-keys',
  'start-kek-session',
  'entity-authentication',
  'establish-host-key',
  'change-right',
] as const

interface WriteOptions extends ChipOptions {
  readonly curve: CurveName
  readonly publicKey: Uint8Array
}

interface FlagsOptions extends ChipOptions {
  readonly allow: readonly (typeof roleNames)[number][]
}

const slotArgument = ['<slot>', 'public key slot', wholeNumber(0, 254)] as const

/** `keyline stsafe public-keys`: the keys of those who may authenticate themselves or a provisioning. */
export function publicKeysCommand(output: Output, end: End): Command {
  const publicKeys = new Command('public-keys').summary(
    'keys of those who may authenticate: list, write, flags',
  )
  for (const make of [listCommand, writeCommand, flagsCommand])
    publicKeys.addCommand(make(output, end))
  return publicKeys
}

function listCommand(output: Output, end: End): Command {
  return chipCommand('list', 'list the slots, what they may do, and their keys').action(
    async (options: ChipOptions) =>
      end(
        await onChip(output, options, async ({ publicKeys }, call) => {
          const slots = []
          const count = await publicKeys.count(call)
          for (let slot = 0; slot < count; slot++) {
            const { flags, key } = await publicKeys.slot(slot, call)
            const publicKey = key && toHex(key.publicKey)
            slots.push({ slot, flags, curve: key?.curve, publicKey })
          }
          const rows = slots.map(({ slot, flags, curve = '-', publicKey = '' }) => [
            String(slot).padStart(2, '0'),
            curve,
            roleNames.filter((name) => flags[roles[name]]).join(', ') || '-',
            publicKey,
          ])
          return { text: tableText(['slot', 'curve', 'allowed', 'key'], rows), document: { slots } }
        }),
      ),
  )
}

function writeCommand(output: Output, end: End): Command {
  return permanentCommand('write', 'write a public key; possible once')
    .argument(...slotArgument)
    .requiredOption('--curve <curve>', curveNames.join(', '), nameOf(curveNames))
    .requiredOption('--public-key <digits>', 'raw public key, hexadecimal', hexOctets)
    .action(async (slot: number, options: WriteOptions) =>
      end(
        await onChip(output, options, async ({ publicKeys }, call) => {
          const { curve, publicKey } = options
          requireSlots('public key', [slot], slotsOf(await publicKeys.count(call)))
          await publicKeys.write(slot, { curve, publicKey }, call)
          return {
            text: `public key slot ${slot} holds a key on ${curve}\n`,
            document: { slot, curve },
          }
        }),
      ),
    )
}

function flagsCommand(output: Output, end: End): Command {
  return permanentCommand('flags', 'set what the key of a slot may do; possible once')
    .argument(...slotArgument)
    .requiredOption(
      '--allow <names>',
      `sets exactly these: ${roleNames.join(', ')}`,
      namesOf(roleNames),
    )
    .action(async (slot: number, options: FlagsOptions) =>
      end(
        await onChip(output, options, async ({ publicKeys }, call) => {
          const { allow } = options
          const flags = {
            establishSymmetricKeys: allow.includes('establish-symmetric-keys'),
            startKekSession: allow.includes('start-kek-session'),
            entityAuthentication: allow.includes('entity-authentication'),
            establishHostKey: allow.includes('establish-host-key'),
            changeRight: allow.includes('change-right'),
          }
          requireSlots('public key', [slot], slotsOf(await publicKeys.count(call)))
          await publicKeys.setFlags(slot, flags, call)
          return {
            text: `public key slot ${slot}: ${allow.join(', ')}\n`,
            document: { slot, flags },
          }
        }),
      ),
    )
}

function slotsOf(count: number): readonly number[] {
  return Array.from({ length: count }, (_, slot) => slot)
}
