import type { Command } from 'commander'
import { toHex } from '@keyline/bytes'
import type { Stsafe, UpdateOptions, ZoneData } from '@keyline/stsafe'
import type { AccessChange, ZoneAccess, ZoneEntry } from '@keyline/stsafe/layout'
import { CliError } from '../../errors.ts'
import type { Output } from '../../terminal/output.ts'
import { writeWhole } from '../../wiring/pki-output.ts'
import type { ChipCall, ChipOptions } from '../../wiring/stsafe-chip.ts'
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
} from './on-chip.ts'

interface ZoneOptions extends ChipOptions {
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
    .action(async (zone: number, options: ReadOptions) =>
      end(
        await onChip(output, options, async (chip, call) => {
          const { offset, chunkSize, out } = options
          const protection = protectionOf(options)
          const change = changeOf(options)
          if (change !== undefined) {
            await chip.zones.changeReadAccess(zone, change, { ...call, protection })
            return changed(zone, 'read', change)
          }
          const length = options.length ?? (await restOf(chip, zone, offset, call))
          const range = { zone, offset, length }
          const data = await chip.zones.read(range, { ...call, protection, chunkSize })
          if (out === undefined)
            return { text: `${toHex(data)}\n`, document: { data: toHex(data) } }
          await writeWhole({ path: out, content: data })
          return {
            text: `${data.length} octets   ${out}\n`,
            document: { octets: data.length, out },
          }
        }),
      ),
    )
}

async function restOf({ zones }: Stsafe, zone: number, offset: number, call: ChipCall) {
  const entry = (await zones.table(call)).find(({ index }) => index === zone)
  if (entry !== undefined && offset < entry.length) return entry.length - offset
  throw new CliError('CLI_USAGE', `the chip has no zone ${zone} with octets from ${offset} on`)
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
        await onChip(output, options, async ({ zones }, call) => {
          const { offset, atomic } = options
          const settings = { ...call, atomic, protection: protectionOf(options) }
          const change = changeOf(options)
          if (change === undefined) await writeAll(zones, { zone, offset, data }, settings)
          else await zones.changeUpdateAccess({ zone, offset, data, change }, settings)
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
    .action(async (zone: number, options: CounterOptions) =>
      end(
        await onChip(output, options, async ({ zones }, call) => {
          const { decrement: amount, offset, length, hex: data = new Uint8Array() } = options
          const settings = { ...call, protection: protectionOf(options) }
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
      ),
    )
}

function counterReport(counter: number, data: Readonly<Record<string, string>> = {}) {
  const document = { counter, ...data }
  return { text: fieldsText({ counter: String(counter), ...data }), document }
}

function withZone(command: Command): Command {
  return command
    .argument(...zoneArgument)
    .option('--offset <octets>', 'first octet', wholeNumber(0, 0xffff), 0)
    .option('--host-mac', 'send it under the host session, because the zone asks for it')
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
