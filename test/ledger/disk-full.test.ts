import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isKeylineError } from '@keyline/bytes'
import { verifyAuditExport, type Ledger } from '@keyline/ledger'
import { scaled } from '../support/scale.ts'
import { openAt } from './support/databases.ts'
import { sampleOrder, Samples, verdict } from './support/sample.ts'
import { mountSmallDisk } from './support/small-disk.ts'

const full = { code: 'LEDGER_FULL', fault: 'infrastructure' }
const page = 4096

/** Fault STO-1. */
describe('a full disk', () => {
  it('stops new units while there is still room for those in work', async () => {
    using disk = mountSmallDisk(16)
    const samples = new Samples('reserve of the disk')
    await using ledger = await openAt({ kind: 'sqlite', file: join(disk.folder, 'ledger.db') })
    await ledger.createOrder(sampleOrder())
    const units: string[] = []
    for (let count = 0; count < 3; count++) {
      units.push((await ledger.reserve('order-1', samples.draw))?.unit.id ?? '')
    }
    disk.leave(3 * 1024 * 1024)
    let drawn = false
    const draw = () => {
      drawn = true
      return samples.draw()
    }
    await expect(ledger.reserve('order-1', draw)).rejects.toMatchObject(full)
    expect(drawn).toBe(false)
    for (const unit of units) {
      await ledger.bind(unit, samples.boardUid())
      await ledger.record(samples.entry(unit))
      await ledger.decide(unit, verdict('PASS'))
    }
    expect(await ledger.undecided('order-1')).toEqual([])
    disk.leave(8 * 1024 * 1024)
    expect((await ledger.reserve('order-1', samples.draw))?.unit.sequence).toBe(4)
  })

  it('at every write leaves each act whole or undone', async () => {
    using disk = mountSmallDisk(16)
    const samples = new Samples('disk full at every write')
    await using ledger = await openAt({ kind: 'sqlite', file: join(disk.folder, 'ledger.db') })
    await ledger.createOrder(sampleOrder({ quantity: 1000 }))
    const steps = scaled(24, 400)
    let done = 0
    for (let step = 0; step < steps; step++) {
      disk.leave(8 * 1024 * 1024)
      const unit = (await ledger.reserve('order-1', samples.draw))?.unit.id ?? ''
      const before = await stateOf(ledger)
      disk.leave((step % 12) * page)
      const entry = samples.entry(unit)
      const issued = await attempt(ledger.record(entry))
      const decided = await attempt(ledger.decide(unit, verdict('PASS')))
      done += Number(issued) + Number(decided)
      const after = await stateOf(ledger)
      expect(after.head.seq).toBe(before.head.seq + (issued ? 1 : 0) + (decided ? 1 : 0))
      expect(after.used).toBe(before.used + (issued ? 1 : 0))
      expect((await ledger.issued(entry.idempotencyKey)) !== undefined).toBe(issued)
      expect((await ledger.unit(unit))?.verdict !== undefined).toBe(decided)
    }
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(2 * steps)
    const lines: string[] = []
    const head = await ledger.exportAudit((line) => void lines.push(line))
    expect((await verifyAuditExport(lines, [head])).findings).toEqual([])
  })

  it('is named when a ledger cannot even be made', async () => {
    using disk = mountSmallDisk(1)
    disk.leave(8 * page)
    await expect(
      openAt({ kind: 'sqlite', file: join(disk.folder, 'ledger.db') }),
    ).rejects.toMatchObject(full)
  })
})

async function stateOf(ledger: Ledger) {
  const status = await ledger.order('order-1')
  return { head: await ledger.head(), used: status?.certificatesUsed ?? -1 }
}

/** Whether the act was done. Anything but the one refusal is thrown on. */
async function attempt(act: Promise<unknown>): Promise<boolean> {
  try {
    await act
    return true
  } catch (error) {
    if (!isKeylineError(error) || error.code !== 'LEDGER_FULL') throw error
    return false
  }
}
