import { Command } from 'commander'
import { hasErrors } from '@keyline/bytes'
import {
  decodeImage,
  diffFactoryData,
  diffImages,
  type FactoryDataDifference,
} from '@keyline/matter'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { readBoardRegion } from '../wiring/factory-data-board.ts'
import {
  readFactoryData,
  settingOf,
  type FactoryDataInput,
  type FactoryDataOptions,
} from '../wiring/factory-data-input.ts'
import { findingLines } from '../wiring/pki-findings.ts'
import { defaultHome } from './options.ts'
import { withFactoryDataOptions } from './factory-data-options.ts'

interface DiffOptions extends FactoryDataOptions {
  readonly board?: string
  readonly home: string
  readonly json?: boolean
}

/** `keyline factory-data diff`: two sets, or a set and a board. */
export function diffCommand(output: Output, end: (code: ExitCode) => void): Command {
  const command = new Command('diff')
    .summary('compare two sets, or a set and a board')
    .description(
      'Compares images and documents record by record; of two images, also order, end marker and what stands behind it.\n' +
        'With --board, the second one is the region that the programmer reads. No private key, passcode or verifier is shown.',
    )
    .argument('<first>', 'image, ST’s JSON or the extended JSON; - for the standard input')
    .argument('[second]', 'what to compare it with')
    .option('--board <name>', 'compare with a board: sim:1 is the first of the simulated bench')
    .option('--home <folder>', 'the station whose bench it is', defaultHome)
    .option('--json', 'machine-readable result')
    .addHelpText('after', '\nExit codes: 0 no difference, 1 differences, 2 wrong usage or input.')
  return withFactoryDataOptions(command).action(
    async (first: string, second: string | undefined, options: DiffOptions) =>
      end(await diff(output, { first, second }, options)),
  )
}

async function diff(
  output: Output,
  files: { readonly first: string; readonly second: string | undefined },
  options: DiffOptions,
): Promise<ExitCode> {
  const first = await readUnbroken(files.first, options)
  const second = await secondOf(files.second, options)
  const differences =
    first.form === 'image' && second.form === 'image'
      ? diffImages(first.octets, second.octets)
      : diffFactoryData(first.read.data, second.read.data)
  const isSame = differences.length === 0
  if (options.json === true) {
    const inputs = { first: first.place, second: second.place }
    output.out(`${JSON.stringify({ ...inputs, same: isSame, differences })}\n`)
  } else {
    output.out(`${first.place} → ${second.place}  ${isSame ? 'the same' : 'different'}\n`)
    output.out(differences.map(differenceLine).join(''))
  }
  return isSame ? ExitCode.done : ExitCode.failed
}

async function secondOf(path: string | undefined, options: DiffOptions): Promise<FactoryDataInput> {
  const { board, home } = options
  if ((path === undefined) === (board === undefined)) {
    throw new CliError('CLI_USAGE', 'diff needs a second file, or --board, and not both')
  }
  if (path !== undefined) return readUnbroken(path, options)
  const place = board ?? ''
  const { profile } = settingOf(options)
  const octets = await readBoardRegion({ board: place, home, profile })
  return { place, form: 'image', octets, read: decodeImage(octets, { legacy: true }) }
}

/** A document with errors has not all of its values; what an image has wrong is compared as it is. */
async function readUnbroken(path: string, options: DiffOptions): Promise<FactoryDataInput> {
  const input = await readFactoryData(path, { ...options, legacy: true })
  const { findings } = input.read
  if (input.form === 'image' || !hasErrors(findings)) return input
  throw new CliError('CLI_INPUT', `${input.place} is broken:\n${findingLines(findings)}`)
}

function differenceLine(difference: FactoryDataDifference): string {
  const { kind, tag, name, before, after } = difference
  const number = tag === undefined ? '' : ` (tag ${tag})`
  const values = [before ?? 'none', after ?? 'none']
  const shown = before === undefined && after === undefined ? '' : `: ${values.join(' → ')}`
  return `  ${kind} ${name}${number}${shown}\n`
}
