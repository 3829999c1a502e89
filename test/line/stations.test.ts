import { copyFile, cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BoardError } from '@keyline/board'
import type { StationParts } from '@keyline/station'
import { homeOf, openTestStation, runTestLine, temporaryFolder } from '../support/line.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { decisionOf, decisionsOf, liveCertificates, unitsIn } from './support/outcome.ts'

describe('one station', () => {
  it('is not opened twice (fault matrix PRG-7)', async () => {
    await using folder = await temporaryFolder()
    const station = await openTestStation(folder.path)
    try {
      await expect(runTestLine({ folder: folder.path })).rejects.toMatchObject({
        code: 'STATION_BUSY',
        fault: 'operator',
      })
    } finally {
      await station.close()
    }
    expect((await runTestLine({ folder: folder.path })).summary.pass).toBe(1)
  })

  it('refuses two probes of one name, and touches neither (row F-32)', async () => {
    await using folder = await temporaryFolder()
    const run = runTestLine({
      folder: folder.path,
      slots: 2,
      quantity: 2,
      decorate: withClonedProbes,
    })
    await expect(run).rejects.toMatchObject({ code: 'STATION_BUSY' })
    expect(await unitsIn(folder.path)).toEqual([])
  })
})

/** Fault matrix STO-5 of a station, RACE-1, RACE-2, RACE-6, on a real server. */
describe('stations with a PostgreSQL ledger', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('make every unit of an order', async () => {
    await using folder = await temporaryFolder()
    const ledger = await server.freshDatabase()
    const run = await runTestLine({ folder: folder.path, ledger, slots: 4, quantity: 4 })
    expect(run.summary).toMatchObject({ pass: 4, remaining: 0 })
  })

  it('share an order: every number once, and the quantity exactly', async () => {
    await using both = await twoStations()
    const ledger = await server.freshDatabase()
    const order = { ledger, slots: 4, quantity: 16 }
    const runs = await Promise.all(
      both.folders.map((folder) => runTestLine({ folder, ...order, boardsInMemory: true })),
    )
    const made = runs.flatMap((run) => decisionsOf(run))
    expect(made.map(({ verdict }) => verdict)).toEqual(made.map(() => 'PASS'))
    expect(made).toHaveLength(16)
    const units = await unitsIn(both.folders[0], { ledger })
    expect(new Set(units.map(({ unit }) => unit.serialNumber)).size).toBe(16)
    expect(new Set(units.map(({ unit }) => unit.boardUid)).size).toBe(16)
    expect(units.map(liveCertificates)).toEqual(units.map(() => 1))
  })

  it('leave the open units of each other alone: a station joins while another is at work', async () => {
    await using both = await twoStations()
    const [first, second] = both.folders
    const ledger = await server.freshDatabase()
    const order = { ledger, quantity: 4, boardsInMemory: true }
    let joined: Promise<unknown> | undefined
    const run = await runTestLine({
      folder: first,
      ...order,
      slots: 2,
      onEvent: (event) => {
        if (event.type === 'step-started' && event.step === 'exchange') {
          joined ??= runTestLine({ folder: second, ...order, slots: 2 })
        }
      },
    })
    await joined
    expect(run.summary.error).toBe(0)
    const units = await unitsIn(first, { ledger })
    expect(units.map(({ verdict }) => verdict?.verdict)).toEqual(Array(4).fill('PASS'))
  })

  it.each([
    ['connects', () => Promise.resolve()],
    ['fails to connect', () => Promise.reject(probeLost())],
  ])(
    'draw the same open unit: the first to bind it makes it, and the other, which %s, decides nothing',
    async (_, connect) => {
      await using both = await twoStations()
      const [first, second] = both.folders
      const ledger = await server.freshDatabase()
      const order = { ledger, quantity: 2, boardsInMemory: true }
      let joined: Promise<unknown> | undefined
      const join = async () => {
        joined ??= runTestLine({ folder: second, ...order })
        await joined
      }
      const run = await runTestLine({
        folder: first,
        ...order,
        decorate: (parts) => ({
          ...parts,
          programmer: withConnect(parts.programmer, async () => {
            await parts.clock.during(join)
            await connect()
          }),
        }),
      })
      expect(decisionsOf(run)).toEqual([])
      expect(run.events).toContainEqual(
        expect.objectContaining({
          type: 'notice',
          text: expect.stringContaining('another station'),
        }),
      )
      const units = await unitsIn(first, { ledger })
      expect(units.map(({ verdict }) => verdict?.verdict)).toEqual(['PASS', 'PASS'])
    },
  )

  it('get the same board: one makes it, the other is refused (RACE-2, RACE-6)', async () => {
    await using both = await twoStations()
    const [first, second] = both.folders
    const ledger = await server.freshDatabase()
    await runTestLine({ folder: first, ledger, id: 'order-0' })
    await cp(join(homeOf(first), 'bench'), join(homeOf(second), 'bench'), { recursive: true })
    const runs = await Promise.all([
      runTestLine({ folder: first, ledger, id: 'order-1' }),
      runTestLine({ folder: second, ledger, id: 'order-2' }),
    ])
    const decisions = runs.map((run) => decisionOf(run))
    expect(decisions).toContainEqual(expect.objectContaining({ verdict: 'PASS' }))
    const refused = { verdict: 'ERROR', reason: 'LEDGER_BOARD_TAKEN' }
    expect(decisions).toContainEqual(expect.objectContaining(refused))
  })

  it('end with a record when the server goes, and go on when it is back', async () => {
    await using folder = await temporaryFolder()
    const ledger = await server.freshDatabase()
    const order = { ledger, slots: 2, quantity: 4 }
    let halted: Promise<void> | undefined
    const run = runTestLine({
      folder: folder.path,
      ...order,
      onEvent: (event) => {
        if (event.type === 'step-started' && event.step === 'program-application') {
          halted ??= server.halt()
        }
      },
    })
    await expect(run).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' })
    await halted
    await server.start()
    const open = await unitsIn(folder.path, { ledger })
    expect(open.map(({ verdict }) => verdict)).toEqual([undefined, undefined])
    const resumed = await runTestLine({ folder: folder.path, ...order, resume: true })
    expect(resumed.summary).toMatchObject({ pass: 4, fail: 0, error: 0, remaining: 0 })
    const units = await unitsIn(folder.path, { ledger })
    expect(units.map(liveCertificates)).toEqual([1, 1, 1, 1])
  })
})

/** Two stations that open the sealed rows of one ledger. */
async function twoStations(): Promise<
  AsyncDisposable & { readonly folders: readonly [string, string] }
> {
  const folders = await Promise.all([temporaryFolder(), temporaryFolder()])
  const [first, second] = [folders[0].path, folders[1].path]
  await (await openTestStation(first)).close()
  await mkdir(homeOf(second))
  await copyFile(join(homeOf(first), 'store.key'), join(homeOf(second), 'store.key'))
  return {
    folders: [first, second],
    [Symbol.asyncDispose]: async () => {
      for (const folder of folders) await folder[Symbol.asyncDispose]()
    },
  }
}

function probeLost(): BoardError {
  return new BoardError('BOARD_NO_PROBE', 'the probe is gone')
}

/** Every probe has the name of the first, and none may be touched. */
function withClonedProbes(parts: StationParts): StationParts {
  const { programmer } = parts
  return {
    ...parts,
    programmer: {
      list: async () => {
        const [first, ...others] = await programmer.list()
        return first === undefined
          ? []
          : [first, ...others.map((probe) => ({ ...probe, ...first }))]
      },
      connect: touched,
      download: touched,
      read: touched,
      reset: touched,
    },
  }
}

function touched(): Promise<never> {
  return Promise.reject(new Error('a cloned probe was touched'))
}

function withConnect(
  programmer: StationParts['programmer'],
  before: () => Promise<void>,
): StationParts['programmer'] {
  return {
    list: (options) => programmer.list(options),
    connect: async (probe, options) => {
      await before()
      return programmer.connect(probe, options)
    },
    download: (probe, address, octets, options) =>
      programmer.download(probe, address, octets, options),
    read: (probe, address, length, options) => programmer.read(probe, address, length, options),
    reset: (probe, options) => programmer.reset(probe, options),
  }
}
