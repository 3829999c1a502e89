import { parseArgs } from 'node:util'
import { describeError, isKeylineError, systemClock } from '@keyline/bytes'
import { BenchFolder } from '../bench/bench-folder.ts'
import { parseSlotFault } from '../fault/fault-plan.ts'
import { isPlatform, parts } from '../part/part-table.ts'
import type { Part } from '../part/part.ts'
import { openBenchServer } from '../server/bench-server.ts'
import { installTools } from './install-tools.ts'

const usage = `keyline-bench: simulated boards for a line without hardware

  keyline-bench serve FOLDER [--boards wba,wb55,…] [--timing real|none] [--fault SLOT:NAME@PLACE]… [--seed TEXT] [--no-ttys]
  keyline-bench install FOLDER --boards-folder FOLDER

serve    powers the boards of a folder on and gives each one a tty, until it is interrupted;
         a new folder gets the boards that are named, one wba board by default
install  writes STM32_Programmer_CLI, its loaders and the platform scripts for the boards of a folder
`

/** The program of a bench. @returns the exit code */
export async function benchMain(argv: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = readArguments(argv.slice(2))
    const [act, folder] = positionals
    if (act === 'serve' && folder !== undefined) return await serve(folder, values)
    const boards = values['boards-folder']
    if (act === 'install' && folder !== undefined && boards !== undefined) {
      process.stdout.write(`${installTools(folder, boards).programmer}\n`)
      return 0
    }
    process.stderr.write(usage)
    return 2
  } catch (error) {
    const isExpected = isKeylineError(error) || error instanceof TypeError
    if (!isExpected) throw error
    process.stderr.write(`${isKeylineError(error) ? describeError(error) : error.message}\n`)
    return 2
  }
}

type Values = ReturnType<typeof readArguments>['values']

function readArguments(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      boards: { type: 'string' },
      timing: { type: 'string', default: 'real' },
      fault: { type: 'string', multiple: true },
      seed: { type: 'string' },
      'no-ttys': { type: 'boolean', default: false },
      'boards-folder': { type: 'string' },
    },
  })
}

async function serve(folder: string, values: Values): Promise<number> {
  const known = new BenchFolder(folder).readBench()
  const part = values.boards?.split(',').map(partOf)
  const slots = part?.length ?? known?.slots.length ?? 1
  if (values.timing !== 'real' && values.timing !== 'none') {
    throw new TypeError(`--timing is real or none, not ${values.timing}`)
  }
  const server = await openBenchServer({
    folder,
    part,
    slots,
    timing: values.timing,
    faults: values.fault?.map(parseSlotFault),
    seed: values.seed,
    ttys: !values['no-ttys'],
    clock: systemClock,
  })
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  for (const { serialNumber, boardName, port } of await server.bench.list()) {
    process.stdout.write(`${serialNumber}  ${boardName}  ${port}\n`)
  }
  process.stdout.write('ready\n')
  await interrupted
  await server.close()
  return 0
}

function partOf(platform: string): Part {
  if (isPlatform(platform)) return parts[platform]
  throw new TypeError(`--boards knows ${Object.keys(parts).join(', ')}, not ${platform}`)
}
