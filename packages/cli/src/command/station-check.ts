import { Command, Option } from 'commander'
import type { StationCheck } from '@keyline/ledger/records'
import { loadOrder } from '@keyline/station'
import { ExitCode } from '../exit-code.ts'
import { paint, type Output } from '../terminal/output.ts'
import { verdictMarks } from '../terminal/verdict-mark.ts'
import { simulatedBoards } from '../wiring/line-boards.ts'
import { openLine } from '../wiring/open-line.ts'
import { openPki, passphraseOf } from '../wiring/pki.ts'
import { runStationCheck } from '../wiring/station-check.ts'
import { defaultHome, ledgerOption, wholeNumber } from './options.ts'
import { stDefaults } from './provision.ts'
import { withStation, type RunOptions } from './station-run.ts'

interface CheckOptions extends RunOptions {
  readonly unit?: string
  readonly programmer?: string | true
  readonly pki?: string
  readonly passphraseFile?: string
}

/** `keyline station check ORDER`: the station on a board that is known to be good. */
export function stationCheckCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('check')
    .summary('check the station on a golden board')
    .description(
      'Runs the device check on a board that has passed under the order. Nothing is written to the board. The result is\n' +
        'kept with its time: an order may ask for a fresh one (line.goldenBoardHours), which policy "production" demands.',
    )
    .argument('<order>', 'work order (JSON)')
    .option('--unit <unit>', 'unit on the golden board; the first that is found unless given')
    .option('--slots <n>', 'slots to look into, 1 to 64', wholeNumber(1, 64), 1)
    .addOption(
      new Option(
        '--programmer [path]',
        'real boards: STM32CubeProgrammer, its folder or its program; searched for without a path',
      ).conflicts('fast'),
    )
    .option('--fast', 'let simulated time cost nothing')
    .option('--pki <folder>', 'certificates and PAI key; the pki folder of --home unless given')
    .option('--passphrase-file <file>', 'opens the PAI key; KEYLINE_PASSPHRASE_FILE does the same')
    .option('--home <folder>', 'ledger and bench of the station', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'machine-readable result')
    .addHelpText(
      'after',
      '\nExit codes: 0 the station is sound, 1 a check failed, 3 the board was not reached.',
    )
    .action(async (path: string, options: CheckOptions) => end(await check(output, path, options)))
}

/** The check is short: its end is told. */
const ignore = (): void => undefined

async function check(output: Output, path: string, options: CheckOptions): Promise<ExitCode> {
  const loaded = await loadOrder(path, await stDefaults(path, 1))
  const { order } = loaded.prepared
  const quiet = { ...options, json: false, quiet: true }
  const made = await withStation(
    output,
    quiet,
    order.policy,
    async ({ station, clock, signal }) => {
      const folder = options.pki ?? station.home.pkiFolder
      using passphrase = await passphraseOf(folder, options.passphraseFile)
      const pki = await openPki(folder, passphrase)
      const { slots, unit } = options
      const boards =
        options.programmer === undefined
          ? simulatedBoards({ order, slots, clock, folder: station.home.benchFolder })
          : await openLine({
              prepared: loaded.prepared,
              programmer: options.programmer === true ? '' : options.programmer,
              slots,
              clock,
              signal,
              onNotice: (text) => output.err(`note: ${text}\n`),
            })
      try {
        return await runStationCheck({
          station,
          loaded,
          pki,
          boards,
          unit,
          clock,
          signal,
          onEvent: ignore,
        })
      } finally {
        await boards.close()
      }
    },
  )
  output.out(options.json === true ? `${JSON.stringify(made)}\n` : checkText(output, made))
  const { verdict } = made.record
  if (verdict === 'PASS') return ExitCode.done
  return verdict === 'FAIL' ? ExitCode.failed : ExitCode.infrastructure
}

function checkText(output: Output, { unit, slot, at, record }: StationCheck): string {
  const { verdict, message, remedy, reason } = record
  const { mark, colour } = verdictMarks[verdict]
  const why = verdict === 'PASS' ? message : `${reason}: ${message}. Remedy: ${remedy}`
  const place = `slot ${String(slot).padStart(2, '0')}  ${unit}`
  return `${place}  ${paint(output, colour, `${mark} ${verdict}`)}  ${why}\nchecked at ${new Date(at).toISOString()}\n`
}
