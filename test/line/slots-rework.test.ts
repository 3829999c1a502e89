import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock, systemRandom } from '@keyline/bytes'
import type { NewRework, UnitReport } from '@keyline/ledger'
import { drawSecrets } from '@keyline/station'
import { checkOutputs } from '../checker/check-outputs.ts'
import { homeOf, openTestStation, runTestLine, temporaryFolder } from '../support/line.ts'
import { decisionOf, unitsIn } from './support/outcome.ts'

async function rework(
  folder: string,
  unitId: string,
  change: Partial<NewRework> = {},
): Promise<void> {
  const station = await openTestStation(folder)
  try {
    await station.ledger.aftercare.rework({
      unitId,
      reason: 'test-failed',
      onNewBoard: false,
      draw: () => drawSecrets({ random: systemRandom, clock: systemClock, iterations: 1000 }),
      ...change,
    })
  } finally {
    await station.close()
  }
}

async function onlyUnit(folder: string): Promise<UnitReport> {
  const [unit, ...more] = await unitsIn(folder)
  if (unit === undefined || more.length > 0) throw new Error('there is not one unit')
  return unit
}

const codeOf = (results: string): string =>
  readFileSync(join(results, 'units', 'T-000001', 'onboarding.txt'), 'utf8')

describe('a unit in rework', () => {
  it('is made again on its own board: same number, new passcode, old certificate superseded', async () => {
    await using folder = await temporaryFolder()
    const options = { folder: folder.path, certificateLimit: 4 }
    const first = await runTestLine(options)
    const before = await onlyUnit(folder.path)
    const oldCode = codeOf(first.results)
    await rework(folder.path, before.unit.id)
    // No --resume: nobody was interrupted.
    const second = await runTestLine(options)
    expect(decisionOf(second)).toMatchObject({ verdict: 'PASS', serialNumber: 'T-000001' })
    const after = await onlyUnit(folder.path)
    expect(after.unit.boardUid).toBe(before.unit.boardUid)
    expect(after.certificates.map(({ state }) => state)).toEqual(['void', 'live'])
    expect(after.certificates[0]?.voidReason).toBe('revoked: superseded')
    expect(codeOf(second.results)).not.toBe(oldCode)
    const passport = JSON.parse(
      readFileSync(join(second.results, 'units', 'T-000001', 'passport.json'), 'utf8'),
    )
    expect(passport.lineage).toMatchObject([
      {
        attempt: 1,
        board: before.unit.boardUid,
        certificate: before.certificates[0]?.sha256,
        verdict: 'PASS',
        rework: { reason: 'test-failed', newCode: true },
      },
    ])
  })

  it('comes on another board: the old one is free, and holds no live identity', async () => {
    await using folder = await temporaryFolder()
    const options = { folder: folder.path, certificateLimit: 4 }
    await runTestLine(options)
    const before = await onlyUnit(folder.path)
    await rework(folder.path, before.unit.id, { onNewBoard: true })
    expect(decisionOf(await runTestLine(options))).toMatchObject({ verdict: 'PASS' })
    const after = await onlyUnit(folder.path)
    expect(after.unit.boardUid).not.toBe(before.unit.boardUid)
    expect(after.certificates.map(({ state }) => state)).toEqual(['void', 'live'])
  })

  it('waits while its own board is elsewhere, and stops nobody', async () => {
    await using folder = await temporaryFolder()
    const options = { folder: folder.path, quantity: 2, certificateLimit: 6 }
    await runTestLine(options)
    const [first] = await unitsIn(folder.path)
    await rework(folder.path, first?.unit.id ?? '')
    const run = await runTestLine(options)
    expect(run.summary).toMatchObject({ pass: 0, error: 0, remaining: 1 })
    const [still] = await unitsIn(folder.path)
    expect(still?.unit).toMatchObject({ state: 'reserved', boardUid: first?.unit.boardUid })
    // Its code is worth nothing any more, so nothing of it stays in the results.
    expect(existsSync(join(run.results, 'units', 'T-000001'))).toBe(false)
    expect(existsSync(join(run.results, 'units', 'T-000002', 'passport.json'))).toBe(true)
  })

  it.each(['program-data', 'read-back'] as const)(
    'is taken up where it stands when its run was interrupted at %s',
    async (step) => {
      await using folder = await temporaryFolder()
      const options = { folder: folder.path, certificateLimit: 6 }
      await runTestLine(options)
      const { unit } = await onlyUnit(folder.path)
      await rework(folder.path, unit.id)
      const stop = new AbortController()
      await runTestLine({
        ...options,
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type === 'step-started' && event.step === step) stop.abort()
        },
      })
      await expect(runTestLine(options)).rejects.toMatchObject({ code: 'STATION_UNFINISHED' })
      const resumed = await runTestLine({ ...options, resume: true })
      expect(decisionOf(resumed)).toMatchObject({ verdict: 'PASS', serialNumber: 'T-000001' })
      const after = await onlyUnit(folder.path)
      expect(after.certificates.map(({ state }) => state)).toEqual(['void', 'live'])
      expect(after.reworks[0]?.closedAt).toBeGreaterThan(0)
    },
  )

  it('keeps every promise that can be read from the outputs (P1, P3, P5, P7)', async () => {
    await using folder = await temporaryFolder()
    const options = { folder: folder.path, certificateLimit: 6 }
    await runTestLine(options)
    await rework(folder.path, (await onlyUnit(folder.path)).unit.id)
    await runTestLine(options)
    const outputs = { home: homeOf(folder.path), results: join(folder.path, 'results') }
    expect(checkOutputs({ ...outputs, isFinished: true })).toEqual([])
  })
})
