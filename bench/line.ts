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
import { readFile } from 'node:fs/promises'
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

/** Boards of one measured run: enough that starting the run weighs little. */
const boardsPerSlot = 4

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

async function* measure(): AsyncIterable<Figure> {
  const application = await readFile(join(examples, 'images/stm32wba65-application.bin'))
  await testPki()
  const bare = async (boards: number): Promise<number> =>
    (await medianCpuMilliseconds(() => {
      for (let count = 0; count < boards; count++) bareCryptography(application)
    })) / boards
  for (const slots of [1, 16]) {
    const boards = slots * boardsPerSlot
    await lineOf(slots, boards)
    const times: number[] = []
    const ceilings: number[] = []
    for (let round = 0; round < 5; round++) {
      ceilings.push(await bare(boards))
      times.push((await cpuMilliseconds(() => lineOf(slots, boards))) / boards)
    }
    const value = median(times)
    const ceiling = median(ceilings)
    yield {
      figure: `CPU per board, ${slots} ${slots === 1 ? 'slot' : 'slots'}, ${boards} boards`,
      value,
      unit: 'ms',
      ceiling,
      ratio: median(times.map((time, round) => time / (ceilings[round] ?? Number.NaN))),
      ...(slots === 16 ? { goal: { of: 'ratio', is: 'at most', limit: 8 } as const } : {}),
    }
  }
  yield stuckBoard(await lineOf(16, 16), await lineOf(16, 16, [{ slot: 3, name: 'silent' }]))
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

async function lineOf(
  slots: number,
  quantity: number,
  faults: readonly SlotFault[] = [],
): Promise<LineRun> {
  await using folder = await temporaryFolder()
  const run = await runTestLine({
    folder: folder.path,
    slots,
    quantity,
    faults,
    boardsInMemory: true,
  })
  if (faults.length === 0 && run.summary.pass !== quantity) {
    throw new Error(`${run.summary.pass} of ${quantity} boards passed`)
  }
  return run
}

export const lineBenchmark: Benchmark = {
  name: 'line',
  title: 'the whole line on simulated boards, against the bare cryptography of a board',
  measure,
}
