import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { toBase64 } from '@keyline/bytes'
import type { UnitRecord } from '@keyline/station'
import { ExitCode } from '../exit-code.ts'
import type { Output } from '../terminal/output.ts'
import { grouped } from '../terminal/unit-progress.ts'
import { createSecretFile, openUnits, writeImage } from '../wiring/generate-open.ts'
import { openStation } from '../wiring/open-station.ts'
import { defaultHome, ledgerOption, wholeNumber, type StationOptions } from './options.ts'

interface OpenOptions extends StationOptions {
  readonly unit?: number
  readonly serial?: string
  readonly images?: string
  readonly out?: string
}

/** `keyline factory-data open FILE`: the units of a sealed file. */
export function openCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('open')
    .summary('open generated units')
    .description(
      'Opens the units of a file that `keyline factory-data generate` wrote, with the key of the station.\n' +
        'They hold passcodes and private keys: the audit log records that they were opened.',
    )
    .argument('<file>', 'units.sealed.jsonl, or units.jsonl')
    .addOption(
      new Option('--unit <n>', 'one unit, by its place in the batch')
        .argParser(wholeNumber(1, 1_000_000))
        .conflicts('serial'),
    )
    .option('--serial <number>', 'one unit, by its serial number')
    .option('--images <folder>', 'write the images as files, readable by you alone')
    .option('--out <file>', 'write the JSON lines to a new file, readable by you alone')
    .option('--home <folder>', 'ledger and store key of the station', defaultHome)
    .option(...ledgerOption)
    .action(async (path: string, options: OpenOptions) => {
      await openAll(output, path, options)
      end(ExitCode.done)
    })
}

async function openAll(output: Output, path: string, options: OpenOptions): Promise<void> {
  const { home, ledger, images, unit, serial: serialNumber } = options
  const station = await openStation({ home, ledger, policy: 'test', mustExist: true })
  const file = options.out === undefined ? undefined : await createSecretFile(resolve(options.out))
  let count = 0
  try {
    for await (const record of openUnits({ station, path: resolve(path), unit, serialNumber })) {
      count++
      if (images !== undefined) writeImage(resolve(images), record)
      if (file !== undefined) await file.write(lineOf(record))
      else if (images === undefined) output.out(lineOf(record))
    }
    if (images !== undefined || file !== undefined) output.out(`${grouped(count)} units opened\n`)
  } finally {
    await file?.close()
    await station.close()
  }
}

function lineOf({ image, ...rest }: UnitRecord): string {
  return `${JSON.stringify({ ...rest, image: toBase64(image) })}\n`
}
