import type { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import type { Stsafe, UpdateOptions, ZoneData, ZoneRange } from '@keyline/stsafe'
import type { AccessChange, ZoneAccess, ZoneEntry } from '@keyline/stsafe/layout'
import { CliError } from '../../errors.ts'
import type { ExitCode } from '../../exit-code.ts'
import type { Output } from '../../terminal/output.ts'
import { writeWhole } from '../../wiring/pki-output.ts'
import type { ChipCall, ChipOptions } from '../../wiring/stsafe-chip.ts'
import { entityOf, type EntityOptions } from '../../wiring/stsafe-entity.ts'
import {
  hexOctets,
  readMessage,
  withMessage,
  type MessageOptions,
} from '../../wiring/stsafe-message.ts'
import { fieldsText, tableText, yesNo } from '../../wiring/stsafe-text.ts'
import { wholeNumber } from '../options.ts'
import {
  chipCommand,
  confirmPermanent,
  nameOf,
  onChip,
  permanentCommand,
  type End,
  type Report,
} from './on-chip.ts'

interface ZoneOptions extends ChipOptions, EntityOptions {
  readonly offset: number
  readonly hostMac?: boolean
  readonly access?: ZoneAccess
  readonly keepChangeRight?: boolean
}

interface ReadOptions extends ZoneOptions {
  readonly length?: number
  readonly chunkSize?: number
  readonly out?: string
}

type WriteOptions = ZoneOptions & MessageOptions & { readonly atomic?: boolean }
type CounterOptions = ZoneOptions & {
  readonly length: number
  readonly decrement?: number
  readonly hex?: Uint8Array
}

const accesses = ['always', 'host', 'authenticated-host', 'never'] as const
/** Octets of one command; with protection, fewer than a frame fit. */
const pieceLength = 512

const zoneArgument = ['<zone>', 'number of the zone', wholeNumber(0, 255)] as const

/** `keyline stsafe zones`: the partition of the data memory. */
export function zonesCommand(output: Output, end: End): Command {
  return chipCommand('zones', 'list data and counter zones').action(async (options: ChipOptions) =>
    end(
      await onChip(output, options, async ({ zones }, call) => {
        const table = await zones.table(call)
        const headings = [
          'zone',
          'type',
          'octets',
          'read',
          'can change',
          'update',
          'can change',
          'counter',
        ]
        return { text: tableText(headings, table.map(zoneRow)), document: { zones: table } }
      }),
    ),
  )
}

function zoneRow(entry: ZoneEntry): readonly string[] {
  return [
    String(entry.index).padStart(3, '0'),
    entry.type,
    String(entry.length),
    entry.readAccess,
    yesNo(entry.readChangeRight),
    entry.updateAccess,
    yesNo(entry.updateChangeRight),
    entry.counter === undefined ? '' : String(entry.counter),
  ]
}

/** `keyline stsafe read`. */
export function readCommand(output: Output, end: End): Command {
  return withZone(permanentCommand('read', 'read a data zone, or change its read condition'))
    .option(
      '--length <octets>',
      'octets; up to the end of the zone unless given',
      wholeNumber(1, 0xffff),
    )
    .option('--chunk-size <octets>', 'octets of one command', wholeNumber(1, 0xffff), pieceLength)
    .option('--out <file>', 'takes the data as they are')
    .action(async (zone: number, options: ReadOptions) => {
      const { access, chunkSize, length, offset, out } = options
      refuseIdle(access !== undefined && { '--length': length, '--out': out }, 'without --access')
      end(
        await onZone(output, options, async (chip, call) => {
          const settings = { ...call, protection: protectionOf(options) }
          const change = changeOf(options)
          const entry = await requireZone(chip, call, { zone, offset, length: length ?? 1 })
          if (change !== undefined) {
            await chip.zones.changeReadAccess(zone, change, settings)
            return changed(zone, 'read', change)
          }
          requireType(entry, 'data', 'keyline stsafe counter')
          const range = { zone, offset, length: length ?? entry.length - offset }
          const data = await chip.zones.read(range, { ...settings, chunkSize })
          if (out === undefined) {
            return { text: `${toHex(data)}\n`, document: { data: toHex(data) } }
          }
          await writeWhole({ path: out, content: data })
          const text = `${data.length} octets   ${out}\n`
          return { text, document: { octets: data.length, out } }
        }),
      )
    })
}

/** `keyline stsafe write`. */
export function writeCommand(output: Output, end: End): Command {
  const command = permanentCommand(
    'write',
    'write into a data zone, and change its update condition',
  )
  return withMessage(withZone(command))
    .option('--atomic', 'all or nothing, even when the power fails')
    .action(async (zone: number, options: WriteOptions) => {
      const data = await readMessage(options)
      end(
        await onZone(output, options, async (chip, call) => {
          const { offset, atomic } = options
          const settings = { ...call, atomic, protection: protectionOf(options) }
          const change = changeOf(options)
          const entry = await requireZone(chip, call, { zone, offset, length: data.length })
          requireType(entry, 'data', 'keyline stsafe counter --decrement')
          if (change === undefined) await writeAll(chip.zones, { zone, offset, data }, settings)
          else await chip.zones.changeUpdateAccess({ zone, offset, data, change }, settings)
          const text = `${data.length} octets written to zone ${zone}\n`
          return { text, document: { zone, offset, octets: data.length } }
        }),
      )
    })
}

/** In pieces, unless all of it has to be written or nothing. */
async function writeAll(
  zones: Stsafe['zones'],
  { zone, offset, data }: ZoneData,
  options: UpdateOptions,
): Promise<void> {
  const size = options.atomic === true ? data.length : pieceLength
  for (let start = 0; start < Math.max(1, data.length); start += size) {
    const piece = { zone, offset: offset + start, data: data.subarray(start, start + size) }
    await zones.update(piece, options)
  }
}

/** `keyline stsafe counter`. */
export function counterCommand(output: Output, end: End): Command {
  return withZone(permanentCommand('counter', 'read a counter, or take an amount off it for good'))
    .option(
      '--length <octets>',
      'octets of the data beside the counter to read',
      wholeNumber(0, 0xffff),
      0,
    )
    .option('--decrement <amount>', 'takes this off the counter', wholeNumber(1, 0xffff_ffff))
    .option('--hex <digits>', 'data to write beside it, hexadecimal', hexOctets)
    .action(async (zone: number, options: CounterOptions) => {
      const { access, decrement: amount, hex } = options
      refuseIdle(amount === undefined && { '--access': access, '--hex': hex }, 'with --decrement')
      end(
        await onZone(output, options, async (chip, call) => {
          const { zones } = chip
          const { offset, length } = options
          const data = hex ?? new Uint8Array()
          const settings = { ...call, protection: protectionOf(options) }
          const needed = { zone, offset, length: Math.max(length, data.length) }
          requireType(await requireZone(chip, call, needed), 'counter', 'keyline stsafe read')
          if (amount === undefined) {
            const read = await zones.readCounter({ zone, offset, length }, settings)
            return counterReport(read.counter, length === 0 ? {} : { data: toHex(read.data) })
          }
          confirmPermanent(
            output,
            options,
            `the counter of zone ${zone} goes down by ${amount} and never up again`,
          )
          const input = { zone, offset, amount, data }
          const change = changeOf(options)
          const counter =
            change === undefined
              ? await zones.decrement(input, settings)
              : await zones.changeDecrementAccess({ ...input, change }, settings)
          return counterReport(counter)
        }),
      )
    })
}

/** @throws CliError `CLI_USAGE` for an option that would do nothing here */
function refuseIdle(options: Readonly<Record<string, unknown>> | false, when: string): void {
  if (options === false) return
  const idle = Object.keys(options).find((name) => options[name] !== undefined)
  if (idle !== undefined) throw new CliError('CLI_USAGE', `${idle} works only ${when}`)
}

/** The zone as the partition names it. @throws CliError `CLI_USAGE` for a zone or range that it has not */
async function requireZone(
  { zones }: Stsafe,
  call: ChipCall,
  { zone, offset, length }: ZoneRange,
): Promise<ZoneEntry> {
  const table = await zones.table(call)
  const entry = table.find(({ index }) => index === zone)
  if (entry === undefined) {
    const known = table.map(({ index }) => index).join(', ')
    throw new CliError('CLI_USAGE', `the chip has no zone ${zone}; it has ${known}`)
  }
  if (offset + length <= entry.length) return entry
  const message = `zone ${zone} has ${entry.length} octets, but octets ${offset} to ${offset + length - 1} are named`
  throw new CliError('CLI_USAGE', message)
}

/** @throws CliError `CLI_USAGE` */
function requireType({ index, type }: ZoneEntry, needed: ZoneEntry['type'], other: string): void {
  if (type === needed) return
  const remedy = `use ${other}, or a zone that keyline stsafe zones lists as ${needed}`
  throw new CliError('CLI_USAGE', `zone ${index} is a ${type} zone`, { remedy })
}

function counterReport(counter: number, data: Readonly<Record<string, string>> = {}) {
  const document = { counter, ...data }
  return { text: fieldsText({ counter: String(counter), ...data }), document }
}

/** Work on a zone, after the entity that it may ask for has proven itself. */
async function onZone(
  output: Output,
  options: ZoneOptions,
  work: (chip: Stsafe, call: ChipCall) => Promise<Report>,
): Promise<ExitCode> {
  const entity = await entityOf(output, options)
  return onChip(output, options, async (chip, call) => {
    if (entity !== undefined && !(await chip.authentication.authenticateEntity(entity, call))) {
      const message = `the key is not that of the entity in public key slot ${entity.slot}`
      throw new CliError('CLI_KEYS', message, { remedy: 'name the right file with --entity-key' })
    }
    return work(chip, call)
  })
}

function withZone(command: Command): Command {
  return command
    .argument(...zoneArgument)
    .option('--offset <octets>', 'first octet', wholeNumber(0, 0xffff), 0)
    .option('--host-mac', 'send it under the host session, because the zone asks for it')
    .option(
      '--entity-slot <slot>',
      'authenticate this entity first, because the zone asks for it',
      wholeNumber(0, 254),
    )
    .option('--entity-key <file>', 'its Ed25519 private key, hexadecimal; asked for unless given')
    .option('--access <condition>', `make the condition ${accesses.join(', ')}`, nameOf(accesses))
    .option('--keep-change-right', 'let the condition be made stricter later')
}

function protectionOf({ hostMac }: ZoneOptions): 'host' | undefined {
  return hostMac === true ? 'host' : undefined
}

function changeOf({ access, keepChangeRight = false }: ZoneOptions): AccessChange | undefined {
  return access && { access, changeRight: keepChangeRight }
}

function changed(zone: number, act: string, change: AccessChange) {
  return { text: `zone ${zone}: ${act} is ${change.access}\n`, document: { zone, ...change } }
}
