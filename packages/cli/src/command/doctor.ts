import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { describeError, isKeylineError, systemClock } from '@keyline/bytes'
import { readJournal } from '@keyline/station'
import { buildTime } from '../build-time.ts'
import { ExitCode } from '../exit-code.ts'
import { paint, type Colour, type Output } from '../terminal/output.ts'
import { homeAt, type Home } from '../wiring/home.ts'
import { openStation } from '../wiring/open-station.ts'
import { hasPki } from '../wiring/pki.ts'
import { defaultHome, ledgerOption, type StationOptions } from './options.ts'

type State = 'ok' | 'warning' | 'error'

interface Check {
  readonly name: string
  readonly state: State
  readonly text: string
  readonly remedy: string
}

/** Free space under which no board is begun, octets. */
const leastFree = 8_388_608

/** `keyline doctor`: everything that a run needs, before it is needed. */
export function doctorCommand(output: Output, end: (code: ExitCode) => void): Command {
  return new Command('doctor')
    .option('--home <folder>', 'ledger, journal and keys of the station', defaultHome)
    .option(...ledgerOption)
    .option('--json', 'machine-readable')
    .action(async (options: StationOptions) => {
      const checks = await examine(options)
      if (options.json === true) output.out(`${JSON.stringify(checks)}\n`)
      else for (const check of checks) output.out(checkText(check, output))
      end(checks.some((check) => check.state === 'error') ? ExitCode.infrastructure : ExitCode.done)
    })
}

async function examine(options: StationOptions): Promise<readonly Check[]> {
  const home = homeAt(options.home)
  const isNew = (await stat(home.folder).catch(() => undefined)) === undefined
  return [
    checkNode(),
    checkClock(),
    await checkFolder(home),
    await checkDisk(home),
    ...(isNew
      ? [
          ok('ledger', 'will be made at the first run'),
          ok('journal', 'will be made at the first run'),
        ]
      : [await checkLedger(options), await checkJournal(home), await checkPki(home)]),
  ]
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isEnough = major > 20 || (major === 20 && minor >= 19)
  const text = `Node.js ${process.versions.node}, OpenSSL ${process.versions.openssl}`
  return isEnough ? ok('runtime', text) : bad('runtime', text, 'install Node.js 20.19 or later')
}

function checkClock(): Check {
  const now = new Date()
  const text = `${now.toISOString()} (local ${now.toLocaleString(undefined, { timeZoneName: 'short' })})`
  return now.getTime() >= buildTime
    ? ok('clock', text)
    : bad('clock', text, 'set the clock of this machine')
}

/** The nearest folder that exists must be writable. */
async function checkFolder(home: Home): Promise<Check> {
  const folder = await existing(home.folder)
  if (!(await stat(folder)).isDirectory()) {
    return bad('folder', `${folder} is not a folder`, 'name another folder with --home')
  }
  try {
    await access(folder, constants.W_OK)
    return ok('folder', home.folder)
  } catch {
    return bad('folder', `${folder} cannot be written`, 'name another folder with --home')
  }
}

async function checkDisk(home: Home): Promise<Check> {
  const { bavail, bsize } = await statfs(await existing(home.folder))
  const free = bavail * bsize
  const text = `${Math.floor(free / 1_048_576)} MiB free`
  return free >= leastFree
    ? ok('disk', text)
    : bad('disk', text, 'free space; no board is begun below 8 MiB')
}

async function checkLedger(options: StationOptions): Promise<Check> {
  try {
    const station = await openStation({
      home: options.home,
      ledger: options.ledger,
      policy: 'test',
      clock: systemClock,
    })
    try {
      await station.ledger.checkClock()
      const { seq } = await station.ledger.head()
      return ok('ledger', `opens, ${seq} audit records`)
    } finally {
      await station.close()
    }
  } catch (error) {
    return failing('ledger', error)
  }
}

async function checkJournal(home: Home): Promise<Check> {
  try {
    const { records, tornOctets } = await readJournal(join(home.journalFolder, 'journal.jsonl'))
    const torn = tornOctets > 0 ? `, a torn end of ${tornOctets} octets will be dropped` : ''
    return ok('journal', `${records.length} records, chain whole${torn}`)
  } catch (error) {
    return failing('journal', error)
  }
}

async function checkPki(home: Home): Promise<Check> {
  if (await hasPki(home.pkiFolder)) return ok('pki', home.pkiFolder)
  return {
    name: 'pki',
    state: 'warning',
    text: `no PAI in ${home.pkiFolder}`,
    remedy: 'run `keyline pki init`, or name its folder with --pki',
  }
}

async function existing(path: string): Promise<string> {
  const parent = dirname(path)
  const isThere = (await stat(path).catch(() => undefined)) !== undefined
  return isThere || parent === path ? path : existing(parent)
}

function ok(name: string, text: string): Check {
  return { name, state: 'ok', text, remedy: '' }
}

function bad(name: string, text: string, remedy: string): Check {
  return { name, state: 'error', text, remedy }
}

function failing(name: string, error: unknown): Check {
  if (!isKeylineError(error)) return bad(name, describeError(error), 'report it')
  return bad(name, `${error.code}: ${error.message}`, error.remedy)
}

function checkText(check: Check, output: Output): string {
  const { mark, colour } = marks[check.state]
  const remedy = check.remedy === '' ? '' : `. Remedy: ${check.remedy}`
  return `${paint(output, colour, mark)}  ${check.name.padEnd(8)} ${check.text}${remedy}\n`
}

const marks: Readonly<Record<State, { readonly mark: string; readonly colour: Colour }>> = {
  ok: { mark: '● ok     ', colour: 'green' },
  warning: { mark: '▲ warning', colour: 'yellow' },
  error: { mark: '✖ error  ', colour: 'red' },
}
