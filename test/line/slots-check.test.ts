import { describe, expect, it } from 'vitest'
import type { FaultName } from '@keyline/board'
import { simulatedBoards } from '../../packages/cli/src/wiring/line-boards.ts'
import { clockOf } from '../../packages/cli/src/wiring/run-order.ts'
import {
  lastCheck,
  requireFreshCheck,
  runStationCheck,
} from '../../packages/cli/src/wiring/station-check.ts'
import { homeAt } from '../../packages/cli/src/wiring/home.ts'
import {
  homeOf,
  openTestStation,
  runTestLine,
  temporaryFolder,
  testPki,
  type LineRun,
} from '../support/line.ts'
import { journalOf, unitsIn } from './support/outcome.ts'

const hour = 3_600_000
const ignore = (): void => undefined

/** Checks the station of a folder on the boards that its runs have left in the slots. */
async function check(
  folder: string,
  { loaded }: Pick<LineRun, 'loaded'>,
  options: { readonly fault?: FaultName; readonly unit?: string } = {},
) {
  const clock = clockOf(true)
  const { fault, unit } = options
  const station = await openTestStation(folder)
  const boards = simulatedBoards({
    order: loaded.prepared.order,
    slots: 2,
    clock,
    folder: station.home.benchFolder,
    ...(fault === undefined ? {} : { faults: [{ slot: 1, name: fault }] }),
  })
  try {
    const signal = new AbortController().signal
    const pki = await testPki()
    return await runStationCheck({
      station,
      loaded,
      pki,
      boards,
      unit,
      clock,
      signal,
      onEvent: ignore,
    })
  } finally {
    await boards.close()
    await station.close()
  }
}

describe('a golden board', () => {
  it('shows that the station is sound, and gets nothing written', async () => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({ folder: folder.path })
    const before = { units: await unitsIn(folder.path), journal: journalOf(folder.path) }
    const made = await check(folder.path, run)
    expect(made).toMatchObject({
      platform: 'wba',
      security: 0,
      slot: 1,
      unit: 'T-000001',
      record: { verdict: 'PASS' },
    })
    expect(made.record.evidence.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['data', 'firmware', 'payload', 'attestation', 'key']),
    )
    expect({ units: await unitsIn(folder.path), journal: journalOf(folder.path) }).toEqual(before)
  })

  it.each([
    ['attestation-other-key', 'FAIL', 'EVIDENCE_ATTESTATION'],
    ['no-target', 'ERROR', 'STATION_NO_BOARD'],
    ['port-busy', 'ERROR', 'STATION_PORT'],
  ] as const)('of a station with %s is no PASS', async (fault, verdict, reason) => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({ folder: folder.path })
    const made = await check(folder.path, run, { fault }).catch((error: unknown) => error)
    if (reason === 'STATION_NO_BOARD') expect(made).toMatchObject({ code: reason })
    else expect(made).toMatchObject({ record: { verdict, reason } })
  })

  it('is one that has passed, and the one that is named', async () => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({ folder: folder.path, slots: 2, quantity: 2 })
    expect(await check(folder.path, run, { unit: 'T-000002' })).toMatchObject({ unit: 'T-000002' })
    await expect(check(folder.path, run, { unit: 'T-000009' })).rejects.toMatchObject({
      code: 'STATION_NO_BOARD',
    })
  })
})

describe('an order that asks for a golden board', () => {
  it('does not start under policy production without a fresh PASS on its platform', async () => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({ folder: folder.path })
    const home = homeAt(homeOf(folder.path))
    const order = {
      id: 'order-1',
      policy: 'production',
      platform: 'wba',
      security: 0,
      line: { goldenBoardHours: 8 },
    } as const
    const asked = async (
      change: Partial<Parameters<typeof requireFreshCheck>[0]['order']>,
      afterMs: number,
    ): Promise<readonly string[]> => {
      const warnings: string[] = []
      const station = await openTestStation(folder.path)
      try {
        await requireFreshCheck({
          ledger: station.ledger,
          home,
          order: { ...order, ...change },
          now: Date.now() + afterMs,
          onWarning: (text) => void warnings.push(text),
        })
        return warnings
      } finally {
        await station.close()
      }
    }
    const due = { code: 'STATION_CHECK_DUE' }
    await expect(asked({}, 0)).rejects.toMatchObject(due)
    expect(await asked({ policy: 'test' }, 0)).toEqual([
      'order order-1 asks for a check of the station within 8 h: there was none',
    ])
    expect(await asked({ line: {} }, 0)).toEqual([])
    await check(folder.path, run)
    expect(await asked({}, 7 * hour)).toEqual([])
    await expect(asked({}, 9 * hour)).rejects.toMatchObject(due)
    await expect(asked({ platform: 'u5' }, 0)).rejects.toMatchObject({
      message: expect.stringContaining('was on wba'),
    })
    await check(folder.path, run, { fault: 'attestation-other-key' })
    await expect(asked({}, 0)).rejects.toMatchObject({
      message: expect.stringContaining('ended as FAIL EVIDENCE_ATTESTATION'),
    })
    const station = await openTestStation(folder.path)
    try {
      expect(await lastCheck(station.ledger, homeAt('/another/station'))).toBeUndefined()
    } finally {
      await station.close()
    }
  })
})
