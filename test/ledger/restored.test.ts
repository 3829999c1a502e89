import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  isKeylineError,
  seededRandom,
  systemClock,
  systemRandom,
  uniformBelow,
} from '@keyline/bytes'
import { reconcileLedger, type Ledger, type LedgerLocation } from '@keyline/ledger'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leaseLength } from '../../packages/ledger/src/store/checkpoint-marks.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { openAt, openRaw } from './support/databases.ts'
import { sampleOrder, Samples, storeKey } from './support/sample.ts'

const issuer = 'a'.repeat(40)
const limit = 40

/** What the world outside has got from a ledger, whatever became of the ledger. */
class World {
  readonly given: string[] = []
  certificates = 0

  /** P10: nothing twice, and never more certificates than allowed. */
  violations(): readonly string[] {
    const seen = new Set<string>()
    const twice = this.given.filter((item) => seen.size === seen.add(item).size)
    const over = this.certificates > limit ? [`${this.certificates} certificates`] : []
    return [...twice, ...over]
  }
}

interface Restored {
  readonly world: World
  /** Acts between the backup and the loss. */
  readonly lostActs: number
  /** What opening the backup said; `undefined` when it opened. */
  readonly refusal: string | undefined
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-restored-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a ledger that is restored from a backup of random age (STO-7, P10)', () => {
  it('refuses to open until it is reconciled, and gives nothing out twice', async () => {
    for (let seed = testSeed; seed < testSeed + scaled(12, 200); seed++) {
      const { world, refusal, lostActs } = await restoreAt(`seed ${seed}`, { isWatched: true })
      expect(refusal, `seed ${seed}`).toBe(lostActs > 0 ? 'LEDGER_RESTORED' : undefined)
      expect(world.violations(), `seed ${seed}`).toEqual([])
    }
  })

  it('gives things out twice without checkpoints: the checker finds it', async () => {
    let found = 0
    for (let seed = testSeed; seed < testSeed + scaled(4, 20); seed++) {
      const { world, refusal } = await restoreAt(`control ${seed}`, { isWatched: false })
      expect(refusal).toBeUndefined()
      found += world.violations().length
    }
    expect(found).toBeGreaterThan(0)
  })
})

/** Works, keeps a backup on the way, loses the ledger, goes on with the backup. */
async function restoreAt(
  seed: string,
  { isWatched }: { readonly isWatched: boolean },
): Promise<Restored> {
  const random = seededRandom(seed)
  const name = seed.replace(' ', '-')
  const file = join(folder, `${name}.db`)
  const database: LedgerLocation = { kind: 'sqlite', file }
  const checkpoints = isWatched ? { folder: join(folder, name) } : undefined
  const world = new World()
  const samples = new Samples(seed)
  const work = async (acts: number): Promise<void> => {
    const ledger = await openAt(database, { checkpoints })
    for (let act = 0; act < acts; act++) {
      await anyAct(ledger, samples, world, uniformBelow(random, 10))
    }
    const marks = checkpoints && join(checkpoints.folder, 'marks.json')
    const left = marks && (await readFile(marks))
    await ledger.close()
    // Every other process dies: its leases are not given back.
    if (marks !== undefined && left !== undefined && uniformBelow(random, 2) === 0) {
      await writeFile(marks, left)
    }
  }
  {
    await using ledger = await openAt(database, { checkpoints })
    await ledger.createOrder(
      sampleOrder({ id: 'order-1', quantity: limit, certificateLimit: limit }),
    )
  }
  await work(uniformBelow(random, 12))
  await copyFile(file, `${file}.backup`)
  const lostActs = uniformBelow(random, 12)
  const before = world.given.length
  await work(lostActs)
  const hasLost = world.given.length > before
  for (const end of ['', '-wal', '-shm']) await rm(`${file}${end}`, { force: true })
  await copyFile(`${file}.backup`, file)
  const refusal = await codeOf(work(0))
  if (refusal !== undefined && checkpoints !== undefined) {
    const result = await reconcileLedger({
      database,
      storeKey: storeKey(),
      clock: systemClock,
      random: systemRandom,
      actor: 'officer',
      folders: [checkpoints.folder],
    })
    expect(result).toMatchObject({ wasRestored: true, epoch: 2 })
    expect(result.lostRecords).toBeGreaterThan(0)
  }
  await work(20)
  return { world, lostActs: hasLost ? lostActs : 0, refusal }
}

/** One act of the line; a refusal for want of quota or numbers is an answer, too. */
async function anyAct(ledger: Ledger, samples: Samples, world: World, kind: number): Promise<void> {
  try {
    if (kind === 0) {
      const { number } = await ledger.revocation.openCrl(issuer)
      world.given.push(`crl ${number}`)
      return
    }
    if (kind === 1) {
      const { firstNumber, units } = await ledger.openBatch({
        id: samples.hex(16),
        orderId: 'order-1',
        units: 3,
      })
      for (let place = 0; place < units; place++) world.given.push(`number ${firstNumber + place}`)
      world.certificates += units
      return
    }
    const reserved = await ledger.reserve('order-1', samples.draw)
    if (reserved === undefined) return
    const { id, serialNumber, sequence } = reserved.unit
    world.given.push(`number ${Number(serialNumber.slice(3))}`, `sequence ${sequence}`)
    if (kind === 2) return
    await ledger.record(samples.entry(id))
    const [record] = await ledger.certificateRecords(id)
    world.given.push(`quota ${record?.quotaNumber}`)
    world.certificates++
  } catch (error) {
    if (isKeylineError(error) && error.code === 'LEDGER_QUOTA') return
    throw error
  }
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (isKeylineError(error)) return error.code
    throw error
  }
}

function place(name: string) {
  return {
    database: { kind: 'sqlite', file: join(folder, `${name}.db`) } as const,
    checkpoints: { folder: join(folder, name) },
  }
}

function reconcile(name: string, change: { readonly folders?: readonly string[] } = {}) {
  return reconcileLedger({
    database: place(name).database,
    storeKey: storeKey(),
    clock: systemClock,
    random: systemRandom,
    actor: 'officer',
    folders: change.folders ?? [place(name).checkpoints.folder],
  })
}
/** Opens, works, closes. */
async function use(name: string, work: (ledger: Ledger) => Promise<unknown>): Promise<void> {
  const { database, checkpoints } = place(name)
  await using ledger = await openAt(database, { checkpoints })
  await work(ledger)
}
async function restore(name: string): Promise<void> {
  const { file } = place(name).database
  for (const end of ['', '-wal', '-shm']) await rm(`${file}${end}`, { force: true })
  await copyFile(`${file}.backup`, file)
}
function backUp(name: string): Promise<void> {
  const { file } = place(name).database
  return copyFile(file, `${file}.backup`)
}

describe('a ledger with checkpoints', () => {
  it('opens again after it was closed, and after its process died', async () => {
    await use('again', (ledger) => ledger.createOrder(sampleOrder()))
    await use('again', (ledger) => ledger.reserve('order-1', new Samples('again').draw))
    expect(await reconcile('again')).toEqual({
      wasRestored: false,
      epoch: 1,
      lostRecords: 0,
      lifts: [],
    })
  })

  it('burns what was used, and a lease more only when its process died', async () => {
    for (const isDead of [false, true]) {
      const name = isDead ? 'dead' : 'closed'
      const samples = new Samples(name)
      await use(name, (ledger) => ledger.createOrder(sampleOrder({ quantity: 1000 })))
      await backUp(name)
      const { database, checkpoints } = place(name)
      const ledger = await openAt(database, { checkpoints })
      for (let count = 0; count < 3; count++) await ledger.reserve('order-1', samples.draw)
      const marks = join(checkpoints.folder, 'marks.json')
      const leased = await readFile(marks)
      await ledger.close()
      if (isDead) await writeFile(marks, leased)
      await restore(name)
      const { lifts } = await reconcile(name)
      expect(lifts.find(({ kind }) => kind === 'pool')).toMatchObject({
        from: 1,
        to: isDead ? 1 + 1 + leaseLength : 1 + 3,
      })
    }
  })

  it('lost its checkpoint: it is refused rather than begun anew', async () => {
    await use('gone', (ledger) => ledger.createOrder(sampleOrder()))
    await rm(place('gone').checkpoints.folder, { recursive: true })
    expect(await codeOf(use('gone', (ledger) => ledger.ping()))).toBe('LEDGER_CHECKPOINT')
  })

  it('refuses an order that only the lost ledger had, and goes on with its numbers', async () => {
    const samples = new Samples('lost order')
    await use('lost', () => Promise.resolve())
    await backUp('lost')
    await use('lost', async (ledger) => {
      await ledger.createOrder(sampleOrder())
      for (let count = 0; count < 3; count++) await ledger.reserve('order-1', samples.draw)
    })
    await restore('lost')
    expect(await codeOf(use('lost', (ledger) => ledger.ping()))).toBe('LEDGER_RESTORED')
    await reconcile('lost')
    await use('lost', async (ledger) => {
      expect(await codeOf(ledger.createOrder(sampleOrder()))).toBe('LEDGER_ORDER_DIFFERS')
      await ledger.createOrder(sampleOrder({ id: 'order-2' }))
      const reserved = await ledger.reserve('order-2', samples.draw)
      expect(Number(reserved?.unit.serialNumber.slice(3))).toBeGreaterThan(3)
    })
  })

  it('needs the checkpoint of every server', async () => {
    const { database, checkpoints } = place('many')
    const second = { folder: `${checkpoints.folder}-2` }
    const samples = new Samples('many')
    await use('many', (ledger) => ledger.createOrder(sampleOrder()))
    {
      await using other = await openAt(database, { checkpoints: second })
      await other.reserve('order-1', samples.draw)
    }
    await backUp('many')
    await use('many', (ledger) => ledger.reserve('order-1', samples.draw))
    await restore('many')
    const refusal: unknown = await reconcile('many').catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'LEDGER_CHECKPOINT' })
    await reconcile('many', { folders: [checkpoints.folder, second.folder] })
    await use('many', (ledger) => ledger.ping())
    await using other = await openAt(database, { checkpoints: second })
    await other.checkpoints.observe()
  })

  it('notices that its database is exchanged beneath it', async () => {
    const { database, checkpoints } = place('beneath')
    await use('beneath', (ledger) => ledger.createOrder(sampleOrder()))
    await using ledger = await openAt(database, { checkpoints })
    await ledger.reserve('order-1', new Samples('beneath').draw)
    await using raw = await openRaw(database)
    const { kysely } = raw.database
    const first = await kysely
      .selectFrom('audit')
      .select('hash')
      .where('seq', '=', 1)
      .executeTakeFirstOrThrow()
    await kysely.deleteFrom('audit').where('seq', '>', 1).execute()
    await kysely.updateTable('ledger_head').set({ audit_seq: 1, audit_hash: first.hash }).execute()
    const draw = new Samples('beneath 2').draw
    expect(await codeOf(ledger.reserve('order-1', draw))).toBe('LEDGER_RESTORED')
    expect(await codeOf(ledger.checkpoints.observe())).toBe('LEDGER_RESTORED')
  })
})
