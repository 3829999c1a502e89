import { describe, expect, it } from 'vitest'
import type { FaultName } from '@keyline/board'
import { runTestLine, temporaryFolder } from '../support/line.ts'
import { scaled } from '../support/scale.ts'
import { decisionOf, decisionsOf, liveCertificates, unitsIn } from './support/outcome.ts'

/** Octets of both dialogues of one board, a little less than it has. */
const octetsOnTheLine = 4000

/** Trouble around a good board, at each place where it can strike. */
const troubles: readonly (readonly [name: FaultName, places: readonly number[]])[] = [
  ['no-probe', every(3, 14)],
  ['probe-lost', every(1, 3)],
  ['no-target', every(1, 9)],
  ['programmer-hangs', every(1, 9)],
  ['write-protected', every(1, 3)],
  ['uid-changes', every(1, 2)],
  ['port-busy', every(1, 2)],
  ['port-vanishes', every(1, octetsOnTheLine, Math.ceil(octetsOnTheLine / scaled(14, 500)))],
  ['silent', [1]],
  ['silent-after-start', [1]],
  ['flood', [1]],
  ['restart-after-commit', [1]],
  ['restart-at-message', every(1, 16)],
]

const cases = troubles.flatMap(([name, places]) => places.map((at) => ({ name, at })))

/** Promises P1, P2, P4; rows F-01 to F-21, SER-1, SER-7, PRG-6. */
describe('when the trouble is over, the next run', () => {
  it.each(cases)('decides the unit that $name at $at left behind', async ({ name, at }) => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const first = decisionOf(await runTestLine({ folder: path, faults: [{ slot: 1, name, at }] }))
    expect(['PASS', 'ERROR', 'QUARANTINE']).toContain(first.verdict)
    const [afterFirst] = await unitsIn(path)
    expect(afterFirst?.verdict?.verdict).toBe(first.verdict)
    if (first.verdict === 'ERROR') expect(afterFirst).toSatisfy(hasNoLiveCertificate)

    const second = decisionsOf(await runTestLine({ folder: path, resume: true }))
    const made = [first, ...second].filter(({ verdict }) => verdict === 'PASS')
    expect(made).toHaveLength(1)
    if (first.verdict === 'QUARANTINE') expect(made).toMatchObject([{ unit: first.unit }])
    if (first.verdict === 'ERROR') expect(made).not.toMatchObject([{ unit: first.unit }])

    const units = await unitsIn(path)
    expect(units.filter(({ verdict }) => verdict?.verdict === 'QUARANTINE')).toEqual([])
    for (const report of units) {
      const isMade = report.verdict?.verdict === 'PASS'
      expect(liveCertificates(report)).toBe(isMade ? 1 : 0)
    }
  })

  it('keeps the certificate of a board that has stored it', async () => {
    await using folder = await temporaryFolder()
    const faults = [{ slot: 1, name: 'restart-after-commit' } as const]
    await runTestLine({ folder: folder.path, faults })
    const before = await unitsIn(folder.path)
    await runTestLine({ folder: folder.path, resume: true })
    const after = await unitsIn(folder.path)
    expect(after[0]?.certificates).toEqual(before[0]?.certificates)
    expect(after[0]?.certificates).toHaveLength(1)
  })

  it('leaves a unit in QUARANTINE while its board does not answer, and its certificate live', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const stuck = { slot: 1, name: 'restart-after-commit' } as const
    const { unit } = decisionOf(await runTestLine({ folder: path, faults: [stuck] }))
    for (const name of ['no-target', 'programmer-hangs'] as const) {
      for (const at of [1, 2, 3]) {
        await runTestLine({ folder: path, resume: true, faults: [{ slot: 1, name, at }] })
        const [report, ...others] = await unitsIn(path)
        expect(others).toEqual([])
        expect(report).toMatchObject({ unit: { id: unit }, verdict: { verdict: 'QUARANTINE' } })
        expect(report).not.toSatisfy(hasNoLiveCertificate)
      }
    }
    expect(decisionOf(await runTestLine({ folder: path, resume: true }))).toMatchObject({
      unit,
      verdict: 'PASS',
    })
  })

  it('is refused without --resume, before a board is touched', async () => {
    await using folder = await temporaryFolder()
    const faults = [{ slot: 1, name: 'restart-after-commit' } as const]
    await runTestLine({ folder: folder.path, faults })
    const again = runTestLine({ folder: folder.path })
    await expect(again).rejects.toMatchObject({ code: 'STATION_UNFINISHED' })
  })
})

function every(first: number, last: number, step = 1): readonly number[] {
  const count = Math.floor((last - first) / step) + 1
  return Array.from({ length: count }, (_, index) => first + index * step)
}

function hasNoLiveCertificate(report: Parameters<typeof liveCertificates>[0]): boolean {
  return liveCertificates(report) === 0
}
