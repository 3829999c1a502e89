import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isKeylineError } from '@keyline/bytes'
import { temporaryFolder } from '../support/line.ts'
import { openAt } from './support/databases.ts'
import { sampleOrder, Samples } from './support/sample.ts'
import { TwoNodes } from './support/two-nodes.ts'

const samples = new Samples('fail-over')

async function codeOf(work: Promise<AsyncDisposable>): Promise<string | undefined> {
  try {
    await using _opened = await work
    return undefined
  } catch (error) {
    if (isKeylineError(error)) return error.code
    throw error
  }
}

it('a fail-over loses nothing that was acknowledged, or is found: an asynchronous standby is refused in production (STO-9)', async () => {
  await using nodes = await TwoNodes.start()
  await using folder = await temporaryFolder('keyline-fail-over')
  const { primary, standby } = nodes
  const options = {
    policy: 'production',
    checkpoints: { folder: join(folder.path, 'checkpoint') },
  } as const
  const openPrimary = () => openAt({ kind: 'postgres', url: primary.url }, options)
  await expect
    .poll(() => primary.query('select state from pg_stat_replication'), { timeout: 20_000 })
    .toEqual([{ state: 'streaming' }])
  expect(await codeOf(openPrimary())).toBe('LEDGER_DURABILITY')

  await primary.query(`alter system set synchronous_standby_names = 'standby'`)
  await primary.query('select pg_reload_conf()')
  await expect
    .poll(() => primary.query('select sync_state from pg_stat_replication'), { timeout: 20_000 })
    .toEqual([{ sync_state: 'sync' }])
  const acknowledged: string[] = []
  {
    await using ledger = await openPrimary()
    await ledger.createOrder(sampleOrder())
    for (let count = 0; count < 5; count++) {
      const reserved = await ledger.reserve('order-1', samples.draw)
      const unit = reserved?.unit.id ?? ''
      await ledger.record(samples.entry(unit))
      acknowledged.push(unit)
    }
  }

  // The standby lags behind what only a primary without the rule acknowledges.
  await standby.stop()
  await primary.query(`alter system reset synchronous_standby_names`)
  await primary.query('select pg_reload_conf()')
  const lagging = { checkpoints: { folder: join(folder.path, 'lagging') } }
  {
    await using ledger = await openAt({ kind: 'postgres', url: primary.url }, lagging)
    await ledger.reserve('order-1', samples.draw)
  }
  await primary.stop()
  await standby.start()
  await nodes.failOver()
  {
    await using ledger = await openAt({ kind: 'postgres', url: standby.url }, options)
    for (const unit of acknowledged) {
      expect(await ledger.certificateRecords(unit)).toHaveLength(1)
    }
  }
  const opened = openAt({ kind: 'postgres', url: standby.url }, lagging)
  expect(await codeOf(opened)).toBe('LEDGER_RESTORED')
})
