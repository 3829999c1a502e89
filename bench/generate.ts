import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { encodeUtf8, Secret, systemRandom } from '@keyline/bytes'
import { generateBatch, openStation, writePki, type OpenStation } from '@keyline/cli/wiring'
import { createPki } from '@keyline/issuer'
import { loadOrder, type LoadedOrder } from '@keyline/station'
import { homeOf, temporaryFolder, writeOrder } from '../test/support/line.ts'
import { median, type Figure } from './framework.ts'

/** Workers of the batches and of the bare work alike. */
const jobs = availableParallelism()

/** Rounds of both take turns, so that a machine that slows down slows both. */
const rounds = 5

/** How long a round of either takes, about: long against the start of the workers, which is not measured. */
const roundMs = 4000

/**
 * What one unit cannot do without, each primitive straight from the runtime: PBKDF2, the base point times w1, the key
 * of the device, the signature of its certificate. Runs until it is told to stop, and tells its count.
 */
const bareWork = `
const { createECDH, createPrivateKey, generateKeyPairSync, pbkdf2Sync, randomBytes, sign } = require('node:crypto')
const { parentPort, workerData } = require('node:worker_threads')
const ecdh = createECDH('prime256v1')
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const [password, salt, scalar, tbs] = [4, 32, 31, 400].map((length) => randomBytes(length))
function unit() {
  pbkdf2Sync(password, salt, workerData.iterations, 80, 'sha256')
  ecdh.setPrivateKey(scalar)
  ecdh.getPublicKey()
  ecdh.generateKeys()
  return sign('sha256', tbs, privateKey)
}
for (let count = 0; count < 50; count++) unit()
const start = performance.now()
let units = 0
while (performance.now() - start < workerData.roundMs) {
  unit()
  units++
}
parentPort.postMessage((units * 1000) / (performance.now() - start))
`

/** Units per second of the bare work on all cores. */
async function bareRate(iterations: number): Promise<number> {
  const rates = Array.from(
    { length: jobs },
    () =>
      new Promise<number>((resolve, reject) => {
        const worker = new Worker(bareWork, { eval: true, workerData: { iterations, roundMs } })
        worker.once('message', resolve)
        worker.once('error', reject)
      }),
  )
  return (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0)
}

const passphraseText = 'a passphrase of the benchmark'

/** Wiped by whom it is given to. */
const secret = (): Secret => new Secret(encodeUtf8(passphraseText))

/** What every round needs: a station, an order and a PKI, in a folder that is gone afterwards. */
interface Trial {
  readonly folder: string
  readonly station: OpenStation
  readonly loaded: LoadedOrder
}

/** Units per second of complete units, file and ledger included, between the first and the last chunk. */
async function unitRate(trial: Trial, iterations: number, units: number): Promise<number> {
  const { folder, station, loaded } = trial
  const recorded: { readonly at: number; readonly units: number }[] = []
  await generateBatch({
    station,
    loaded,
    pkiFolder: join(folder, 'pki'),
    passphrase: secret(),
    units,
    out: join(folder, `units-${systemRandom.bytes(8).join('')}`),
    resume: false,
    isSealed: true,
    profile: 'wba',
    iterations,
    jobs,
    onRecorded: (count) => recorded.push({ at: performance.now(), units: count }),
  })
  // The first chunks wait for the workers to start and to compile.
  const settled = recorded.filter(({ units: count }) => count >= units / 3)
  const [first, last] = [settled[0], settled.at(-1)]
  if (first === undefined || last === undefined) throw new Error('the batch has no chunks')
  return ((last.units - first.units) * 1000) / (last.at - first.at)
}

const program = resolve(import.meta.dirname, '../packages/cli/bin/keyline.js')

/** Has a process say at its end how much memory it held at most, in KiB; its workers run the same line. */
const sayMemory = `data:text/javascript,${encodeURIComponent(
  `import { isMainThread } from 'node:worker_threads'
  if (isMainThread) process.on('exit', () => console.error(process.resourceUsage().maxRSS))`,
)}`

/** Most memory in MiB that the command holds while it generates units. */
async function memoryOf({ folder }: Trial, units: number): Promise<number> {
  const passphrase = join(folder, 'passphrase.txt')
  await writeFile(passphrase, passphraseText, { mode: 0o600 })
  const args = ['factory-data', 'generate', join(folder, 'order-1.json'), '--count', String(units)]
  args.push('--out', join(folder, `memory-${units}`), '--home', join(folder, 'memory-home'))
  args.push('--pki', join(folder, 'pki'), '--passphrase-file', passphrase, '--quiet')
  const child = spawn(process.execPath, ['--import', sayMemory, program, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  const said = await text(child.stderr)
  if (!/^\d+\n$/.test(said)) throw new Error(`the command ended with: ${said}`)
  return Number(said) / 1024
}

/** Memory at many units, next to that at few: it must not grow with them. */
async function memoryFigure(trial: Trial): Promise<readonly Figure[]> {
  const few = await memoryOf(trial, 5000)
  const many = await memoryOf(trial, 50_000)
  return [
    {
      figure: 'memory at 50,000 units, against 5,000',
      value: many,
      unit: 'MiB',
      ceiling: few,
      ratio: many / few,
      goal: { of: 'ratio', is: 'at most', limit: 1.1 },
    },
    {
      figure: 'memory at 50,000 units',
      value: many,
      unit: 'MiB',
      goal: { of: 'value', is: 'at most', limit: 300 },
    },
  ]
}

/**
 * Complete units per second on all cores against the bare work, for the usual and for a costly verifier, and what
 * memory they take.
 */
export async function* generateFigures(): AsyncIterable<Figure> {
  await using folder = await temporaryFolder('keyline-generate')
  const path = await writeOrder(folder.path, { quantity: 900_000 })
  const notBefore = new Date(Date.UTC(2026, 0, 1))
  const pki = await createPki({ vendorId: 0xfff1, notBefore, random: systemRandom })
  await writePki(join(folder.path, 'pki'), { pki, passphrase: secret(), random: systemRandom })
  const image = { file: '', sha256: '', address: 0 }
  const images = { provisioning: image, application: image }
  const loaded = await loadOrder(path, { id: 'unused', quantity: 1, images })
  const station = await openStation({ home: homeOf(folder.path), policy: 'test' })
  const trial = { folder: folder.path, station, loaded }
  try {
    for (const { iterations, share } of [
      { iterations: 1000, share: 0.75 },
      { iterations: 15_000, share: 0.9 },
    ]) {
      const ceilings: number[] = []
      const values: number[] = []
      for (let round = 0; round < rounds; round++) {
        const ceiling = await bareRate(iterations)
        ceilings.push(ceiling)
        values.push(await unitRate(trial, iterations, Math.ceil((ceiling * roundMs) / 1000)))
      }
      yield {
        figure: `complete units, ${iterations.toLocaleString('en-US')} iterations, ${jobs} workers`,
        value: median(values),
        unit: 'unit/s',
        ceiling: median(ceilings),
        ratio: median(values.map((value, round) => (ceilings[round] ?? Number.NaN) / value)),
        // The rate is at least this share of the ceiling.
        goal: { of: 'ratio', is: 'at most', limit: Number((1 / share).toFixed(3)) },
      }
    }
    yield* await memoryFigure(trial)
  } finally {
    await station.close()
  }
}
