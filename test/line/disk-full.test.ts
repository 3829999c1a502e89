import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { StepName } from '@keyline/station'
import { isKeylineError } from '@keyline/bytes'
import { mountSmallDisk, type SmallDisk } from '../ledger/support/small-disk.ts'
import { homeOf, runTestLine, temporaryFolder } from '../support/line.ts'
import { journalOf, liveCertificates, unitsIn } from './support/outcome.ts'

const megabyte = 1024 * 1024
const order = { slots: 2, quantity: 4 }

/** Row F-29; fault matrix STO-1. Journal and ledger are on the small disk, the boards beside it. */
describe('a full disk', () => {
  it('below the reserve is refused before a board is touched', async () => {
    using disk = mountSmallDisk(24)
    await using folder = await temporaryFolder()
    await makeHome(folder.path, disk)
    disk.leave(6 * megabyte)
    await expect(runTestLine({ folder: folder.path, ...order })).rejects.toMatchObject({
      code: 'STATION_DISK_FULL',
      fault: 'infrastructure',
    })
    disk.leave(20 * megabyte)
    expect(await unitsIn(folder.path)).toEqual([])
    expect(journalOf(folder.path)).toEqual([])
  })

  it('below the reserve between two boards begins no further one', async () => {
    using disk = mountSmallDisk(24)
    await using folder = await temporaryFolder()
    await makeHome(folder.path, disk)
    const run = runTestLine({
      folder: folder.path,
      ...order,
      onEvent: (event) => {
        if (event.type === 'step-started' && event.step === 'attest') disk.leave(6 * megabyte)
      },
    })
    await expect(run).rejects.toMatchObject({ code: 'STATION_DISK_FULL' })
    const verdicts = (await unitsIn(folder.path)).map(({ verdict }) => verdict?.verdict)
    expect(verdicts).toEqual(['PASS', 'PASS'])
    await expectRunCompletes(folder.path, disk)
  })

  it.each(['bind', 'program-data', 'exchange', 'program-application', 'attest'] as const)(
    'from %s on leaves records, and the run completes when there is space again',
    async (step: StepName) => {
      using disk = mountSmallDisk(24)
      await using folder = await temporaryFolder()
      await makeHome(folder.path, disk)
      const run = runTestLine({
        folder: folder.path,
        ...order,
        onEvent: (event) => {
          if (event.type === 'step-started' && event.step === step) disk.leave(0)
        },
      })
      const error: unknown = await run.catch((cause: unknown) => cause)
      expect(isKeylineError(error) && error.fault).toBe('infrastructure')
      const intents = journalOf(folder.path).filter(({ type }) => type === 'intent')
      expect(intents.some((record) => record.step === step)).toBe(true)
      await expectRunCompletes(folder.path, disk)
    },
  )
})

/** Home on the small disk; the simulated boards, which are no files on a real line, elsewhere. */
async function makeHome(folder: string, disk: SmallDisk): Promise<void> {
  await mkdir(join(folder, 'bench'))
  await mkdir(join(disk.folder, 'home'))
  await symlink(join(folder, 'bench'), join(disk.folder, 'home', 'bench'))
  await symlink(join(disk.folder, 'home'), homeOf(folder))
}

async function expectRunCompletes(folder: string, disk: SmallDisk): Promise<void> {
  disk.leave(20 * megabyte)
  const { summary } = await runTestLine({ folder, ...order, resume: true })
  expect(summary).toMatchObject({ fail: 0, quarantine: 0, remaining: 0 })
  const units = await unitsIn(folder)
  expect(units.filter(({ verdict }) => verdict?.verdict === 'PASS')).toHaveLength(4)
  for (const unit of units) {
    expect(liveCertificates(unit)).toBe(unit.verdict?.verdict === 'PASS' ? 1 : 0)
  }
}
