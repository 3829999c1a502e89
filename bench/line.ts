import {
  createECDH,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  pbkdf2Sync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SlotFault } from '@keyline/board'
import {
  examples,
  runTestLine,
  temporaryFolder,
  testPki,
  type LineRun,
} from '../test/support/line.ts'
import {
  cpuMilliseconds,
  median,
  medianCpuMilliseconds,
  type Benchmark,
  type Figure,
} from './framework.ts'

/** Runs before the first figure: a line makes hundreds of boards with code that the runtime has long compiled. */
const warmUpRuns = 3

/**
 * The cryptography that one board cannot do without, each primitive called straight from the runtime:
 * verifier, device key, four signatures (request, certificate, proof, attestation) with their verifications,
 * and the hash of the application that is read back.
 */
function bareCryptography(application: Uint8Array): void {
  const ecdh = createECDH('prime256v1')
  pbkdf2Sync(randomBytes(4), randomBytes(32), 1000, 80, 'sha256')
  ecdh.setPrivateKey(Buffer.concat([Buffer.from([1]), randomBytes(31)]))
  ecdh.getPublicKey()
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicKey = createPublicKey(privateKey)
  const message = randomBytes(400)
  for (let count = 0; count < 4; count++) {
    if (!verify('sha256', message, publicKey, sign('sha256', message, privateKey))) {
      throw new Error('a bare signature does not verify')
    }
  }
  createHash('sha256').update(application).digest()
}

/**
 * Where journal, ledger and results of a measured run lie. On a disk the kernel's own work for a sync and for each new
 * file counts as well, and differs from machine to machine: that figure stands apart, without a goal.
 */
const places = {
  memory: existsSync('/dev/shm') ? '/dev/shm' : tmpdir(),
  disk: tmpdir(),
} as const
type Place = keyof typeof places

/** Ten boards a slot, so that opening ledger and journal weighs little. */
const sixteen: RunSize = { slots: 16, boards: 160 }

/** Boards whose bare cryptography makes one round. */
const bareBoards = 32

async function* measure(): AsyncIterable<Figure> {
  const application = await readFile(join(examples, 'images/stm32wba65-application.bin'))
  await testPki()
  for (let run = 0; run < warmUpRuns; run++) await lineOf(sixteen)
  yield await cpuPerBoard(application, { slots: 1, boards: 32 }, 'memory')
  const goal = { of: 'ratio', is: 'at most', limit: 8 } as const
  yield { ...(await cpuPerBoard(application, sixteen, 'memory')), goal }
  yield await cpuPerBoard(application, sixteen, 'disk')
  const slots = { slots: 16, boards: 16 }
  yield stuckBoard(
    await lineOf(slots),
    await lineOf(slots, 'memory', [{ slot: 3, name: 'silent' }]),
  )
}

/** Rounds of the line and of the bare cryptography take turns, so that a machine that slows down slows both. */
async function cpuPerBoard(application: Uint8Array, run: RunSize, place: Place): Promise<Figure> {
  const { slots, boards } = run
  const times: number[] = []
  const ceilings: number[] = []
  for (let round = 0; round < 5; round++) {
    const bare = await medianCpuMilliseconds(() => {
      for (let count = 0; count < bareBoards; count++) bareCryptography(application)
    })
    ceilings.push(bare / bareBoards)
    times.push((await cpuMilliseconds(() => lineOf(run, place))) / boards)
  }
  return {
    figure: `CPU per board, ${slots} ${slots === 1 ? 'slot' : 'slots'}, files in ${place === 'memory' ? 'memory' : 'a disk folder'}`,
    value: median(times),
    unit: 'ms',
    ceiling: median(ceilings),
    ratio: median(times.map((time, round) => time / (ceilings[round] ?? Number.NaN))),
  }
}

/** How much later the last of the healthy boards is decided when one board of sixteen is stuck, in virtual time. */
function stuckBoard(healthy: LineRun, stuck: LineRun): Figure {
  return {
    figure: 'delay of 15 boards by one stuck board (virtual time)',
    value: Math.max(0, lastPass(stuck) - lastPass(healthy)) / 1000,
    unit: 's',
    goal: { of: 'value', is: 'at most', limit: 1 },
  }
}

function lastPass(run: LineRun): number {
  const passed = run.events.flatMap((event) =>
    event.type === 'unit-decided' && event.record.verdict === 'PASS' ? [event.ms] : [],
  )
  if (passed.length < 15) throw new Error(`only ${passed.length} boards passed`)
  return Math.max(...passed)
}

interface RunSize {
  readonly slots: number
  readonly boards: number
}

async function lineOf(
  { slots, boards }: RunSize,
  place: Place = 'memory',
  faults: readonly SlotFault[] = [],
): Promise<LineRun> {
  await using folder = await temporaryFolder('keyline-bench', places[place])
  const options = { folder: folder.path, slots, quantity: boards, faults, boardsInMemory: true }
  const run = await runTestLine(options)
  if (faults.length === 0 && run.summary.pass !== boards) {
    throw new Error(`${run.summary.pass} of ${boards} boards passed`)
  }
  return run
}

export const lineBenchmark: Benchmark = {
  name: 'line',
  title: 'the whole line on simulated boards, against the bare cryptography of a board',
  measure,
}
