import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import {
  hasErrors,
  isKeylineError,
  systemClock,
  systemRandom,
  toHex,
  type Secret,
} from '@keyline/bytes'
import { createLocalIssuer } from '@keyline/issuer'
import { batchSerialNumber, type Batch, type BatchUnit } from '@keyline/ledger'
import type { UnitFileHeader, WorkOrder } from '@keyline/ledger/records'
import type { ProfileName } from '@keyline/matter'
import {
  batchFileExists,
  checkChain,
  createUnitFile,
  makeResultFolder,
  RefusedInput,
  runBatch,
  UnitFile,
  type BatchRun,
  type LoadedOrder,
} from '@keyline/station'
import { keyIdentifier, parseCertificate } from '@keyline/x509'
import { buildTime } from '../build-time.ts'
import { CliError } from '../errors.ts'
import { chunksOfWorker, openGeneratePool } from './generate-pool.ts'
import type { OpenStation } from './open-station.ts'
import { openPki, type LinePki } from './pki.ts'

export interface GenerateBatchOptions {
  readonly station: OpenStation
  readonly loaded: LoadedOrder
  readonly pkiFolder: string
  readonly passphrase: Secret
  readonly units: number
  /** Folder of the file. */
  readonly out: string
  readonly resume: boolean
  readonly isSealed: boolean
  readonly profile: ProfileName
  /** Of the verifiers, 1 000 … 100 000. */
  readonly iterations: number
  /** Workers. */
  readonly jobs: number
  readonly seed?: string | undefined
  readonly signal?: AbortSignal | undefined
  readonly onRecorded?: ((recorded: number) => void) | undefined
  /** Units of one chunk; by the iterations unless given. */
  readonly chunkUnits?: number | undefined
  /** Makes the units elsewhere than in worker threads. */
  readonly openPool?: typeof openGeneratePool | undefined
  /** Replaces parts of the run: rehearsals put faults around file and ledger. */
  readonly decorate?: ((run: BatchRun<BatchUnit>) => BatchRun<BatchUnit>) | undefined
}

export interface GeneratedBatch {
  readonly batch: string
  /** The file of its units. */
  readonly file: string
  readonly units: number
  /** Units that an earlier run had made. */
  readonly before: number
}

/** A chunk takes a worker about this time, so that a sync and a transaction weigh little and Ctrl+C is answered soon. */
const chunkMs = 250
/** About what a unit takes: 1 000 iterations of PBKDF2, and all the rest. */
const unitMs = (iterations: number): number => 0.0005 * iterations + 0.2
const mostChunkUnits = 512

/** Units of a chunk by the iterations of a verifier. */
export function chunkUnitsOf(iterations: number): number {
  return Math.max(1, Math.min(mostChunkUnits, Math.round(chunkMs / unitMs(iterations))))
}

/** Generates a batch of complete data sets into a file, or what it still misses. */
export async function generateBatch(options: GenerateBatchOptions): Promise<GeneratedBatch> {
  const { station, loaded, units, iterations, jobs } = options
  const { order, declaration } = loaded.prepared
  const { ledger } = station
  requirePolicy(order)
  const pki = await openPki(options.pkiFolder, options.passphrase)
  await requireAuthority(options, pki)
  await ledger.createOrder(order)
  await ledger.checkClock()
  await using file = await openFile(options)
  const batch = await openBatch(options, file)
  const { openPool = openGeneratePool } = options
  const pool = openPool(jobs, {
    batch: batch.id,
    product: {
      order: {
        product: order.product,
        commissioning: { ...order.commissioning, iterations },
      },
      declaration,
    },
    profile: options.profile,
    isSealed: options.isSealed,
    seed: options.seed,
    pkiFolder: options.pkiFolder,
    passphrase: options.passphrase.reveal(),
    storeKey: station.storeKey.reveal(),
    notBefore: Math.floor(systemClock.now() / 1000) * 1000,
  })
  const issuerKeyId = toHex(keyIdentifier(parseCertificate(pki.pai).spki.key.octets))
  const { decorate = (run) => run } = options
  try {
    await runBatch(
      decorate({
        units,
        file,
        store: {
          state: async () => (await ledger.batch(batch.id)) ?? batch,
          record: ({ first, records, file: end }) =>
            ledger.recordBatch({
              batchId: batch.id,
              first,
              units: records,
              issuerKeyId,
              iterations,
              file: end,
            }),
        },
        make: ({ first, count }) =>
          pool.make({
            first,
            serialNumbers: Array.from({ length: count }, (_, index) =>
              batchSerialNumber(batch, first + index),
            ),
          }),
        chunkUnits: options.chunkUnits ?? chunkUnitsOf(iterations),
        ahead: jobs * chunksOfWorker + 1,
        signal: options.signal,
        onRecorded: options.onRecorded,
      }),
    )
  } finally {
    await pool.close()
  }
  return { batch: batch.id, file: file.path, units, before: batch.recorded }
}

/** Keys of devices that are sold are made on the devices. Source: security, section 3. */
function requirePolicy({ id, policy }: WorkOrder): void {
  if (policy === 'test') return
  throw new CliError('CLI_USAGE', `work order ${id} has the policy ${policy}`, {
    remedy: 'make its units with `keyline provision`: their keys never leave the boards',
  })
}

/** PAA, PAI and key are judged before anything is taken from the order. */
async function requireAuthority(options: GenerateBatchOptions, pki: LinePki): Promise<void> {
  const { order } = options.loaded.prepared
  const { paa, pai, signer } = pki
  const chain = checkChain({ order, pai, paa, time: systemClock.now() })
  if (hasErrors(chain)) throw new RefusedInput('the chain of the order', chain)
  await createLocalIssuer({
    store: options.station.ledger,
    signer,
    pai,
    paa,
    clock: systemClock,
    random: systemRandom,
    policy: order.policy,
    buildDate: buildTime,
  })
}

/** The file comes first: a run that ends before the ledger knows its batch is found by its file. */
async function openFile(options: GenerateBatchOptions): Promise<UnitFile> {
  const { out, isSealed, resume, units, profile, iterations } = options
  const path = join(out, isSealed ? 'units.sealed.jsonl' : 'units.jsonl')
  const begun = { units, profile, iterations, order: options.loaded.prepared.order.id }
  const exists = await batchFileExists(path)
  if (exists && !resume) {
    throw new CliError('CLI_EXISTS', `${path} holds units already`, {
      remedy: 'name another folder with --out, or go on with --resume',
    })
  }
  if (!exists && resume) {
    throw new CliError('CLI_FILE', `there is no ${path} to go on with`, {
      remedy: 'check --out and --plain; without --resume a new batch is begun',
    })
  }
  if (!exists) {
    makeResultFolder(out)
    const batch = toHex(systemRandom.bytes(8))
    await createUnitFile(path, { format: 'keyline-units/1', batch, sealed: isSealed, ...begun })
  }
  const file = await UnitFile.open(path)
  try {
    requireSame(file.header, begun, path)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

function requireSame(
  header: UnitFileHeader,
  begun: Pick<UnitFileHeader, 'order' | 'units' | 'profile' | 'iterations'>,
  path: string,
): void {
  const differences = (['order', 'units', 'profile', 'iterations'] as const).flatMap((name) =>
    header[name] === begun[name] ? [] : [`${name} ${header[name]}, not ${begun[name]}`],
  )
  if (differences.length === 0) return
  throw new CliError('CLI_BATCH_DIFFERS', `${path} has ${differences.join('; ')}`)
}

/** A batch that the ledger refuses leaves no file behind. */
async function openBatch(options: GenerateBatchOptions, file: UnitFile): Promise<Batch> {
  const { batch: id, order: orderId, units } = file.header
  try {
    return await options.station.ledger.openBatch({ id, orderId, units })
  } catch (error) {
    const isRefused = isKeylineError(error) && error.fault === 'operator'
    if (isRefused && !options.resume) await unlink(file.path)
    throw error
  }
}
