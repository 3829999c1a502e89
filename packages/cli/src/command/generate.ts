import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { isProfileName, profiles, type ProfileName } from '@keyline/matter'
import { loadOrder } from '@keyline/station'
import { ExitCode } from '../exit-code.ts'
import { interruptSignal } from '../terminal/interrupt.ts'
import type { Output } from '../terminal/output.ts'
import { grouped, UnitProgress } from '../terminal/unit-progress.ts'
import { generateBatch } from '../wiring/generate.ts'
import { openStation } from '../wiring/open-station.ts'
import { passphraseOf } from '../wiring/pki.ts'
import { defaultHome, ledgerOption, wholeNumber, type StationOptions } from './options.ts'
import { stDefaults } from './provision.ts'

interface GenerateCommandOptions extends StationOptions {
  readonly count: number
  readonly out: string
  readonly resume?: boolean
  readonly plain?: boolean
  readonly profile?: ProfileName
  readonly iterations?: number
  readonly jobs: number
  readonly seed?: string
  readonly pki?: string
  readonly passphraseFile?: string
}

/** `keyline factory-data generate ORDER`: complete data sets by the million, without boards. */
export function generateCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('generate')
    .summary('generate complete data sets under a work order')
    .description(
      'Generates complete data sets under a work order: passcode, verifier, DAC with its key, image, QR text and manual code.\n' +
        'Each unit takes a serial number, a place and a certificate of the order. The file is sealed with the key of the\n' +
        'station; `keyline factory-data open` gives its units back.',
    )
    .argument('<order>', 'work order (JSON), or ST’s JSON')
    .requiredOption('--count <n>', 'units to generate', wholeNumber(1, 1_000_000))
    .requiredOption('--out <folder>', 'where the file of the units goes')
    .option('--resume', 'go on with the file that an earlier run began')
    .option('--plain', 'do not seal the file: private keys and passcodes are readable in it')
    .option(
      '--profile <name>',
      'region and tags of the image; by the platform unless given',
      profile,
    )
    .option(
      '--iterations <n>',
      'of the verifiers; those of the order unless given',
      wholeNumber(1000, 100_000),
    )
    .option('--jobs <n>', 'workers', wholeNumber(1, 256), availableParallelism())
    .option('--seed <text>', 'draw every unit from a text, for tests: it stands for all secrets')
    .option('--pki <folder>', 'certificates and PAI key; the pki folder of --home unless given')
    .option('--passphrase-file <file>', 'opens the PAI key; KEYLINE_PASSPHRASE_FILE does the same')
    .option('--home <folder>', 'ledger and store key of the station', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'one JSON event a line')
    .option('--quiet', 'print nothing but errors')
    .addHelpText(
      'after',
      '\nExit codes: 0 all made, 2 wrong input, 3 trouble of disk or ledger, 130 interrupted; --resume goes on.',
    )
    .action(async (path: string, options: GenerateCommandOptions) => {
      await generate(output, path, options)
      end(ExitCode.done)
    })
}

async function generate(
  output: Output,
  path: string,
  options: GenerateCommandOptions,
): Promise<void> {
  const { count: units, json = false, quiet = false, home, ledger, plain = false } = options
  const loaded = await loadOrder(path, await stDefaults(path, units))
  const { order } = loaded.prepared
  if (plain) output.err('the file is not sealed: keep it where only you can read it\n')
  const progress = new UnitProgress({ output, json, quiet, units, now: () => performance.now() })
  const interrupt = interruptSignal(output, 'the chunk in work is recorded')
  try {
    const station = await openStation({ home, ledger, policy: order.policy })
    const pkiFolder = options.pki ?? station.home.pkiFolder
    const passphrase = await passphraseOf(pkiFolder, options.passphraseFile)
    try {
      const made = await generateBatch({
        station,
        loaded,
        pkiFolder,
        passphrase,
        units,
        out: resolve(options.out),
        resume: options.resume === true,
        isSealed: !plain,
        profile: options.profile ?? order.platform,
        iterations: options.iterations ?? order.commissioning.iterations,
        jobs: options.jobs,
        seed: options.seed,
        signal: interrupt.signal,
        onRecorded: progress.onRecorded,
      })
      progress.stop()
      const { batch, file, before } = made
      const rate = Math.round(progress.rate)
      if (json) output.out(`${JSON.stringify({ type: 'batch-ended', batch, file, units, rate })}\n`)
      else if (!quiet) {
        const earlier = before === 0 ? '' : `, ${grouped(before)} of them by earlier runs`
        output.out(`${grouped(units)} units${earlier}  ${grouped(rate)} units/s\n  ${file}\n`)
      }
    } finally {
      passphrase.wipe()
      await station.close()
    }
  } finally {
    progress.stop()
    interrupt.dispose()
  }
}

function profile(text: string): ProfileName {
  if (isProfileName(text)) return text
  throw new InvalidArgumentError(`It must be one of ${Object.keys(profiles).join(', ')}.`)
}
