import { describe, expect, it } from 'vitest'
import type { SlotFault } from '@keyline/board'
import { temporaryFolder } from '../support/line.ts'
import { clonedScalar, readableFlash, stateOf } from './support/board-state.ts'
import { flowCases, imagesOf, runFlow, type FlowCase } from './support/flow-line.ts'
import { decisionOf, unitsIn } from './support/outcome.ts'
import { productionLine } from './support/production.ts'

const stores = ['flash', 'its'] as const
const line = productionLine()
const knownKey: readonly SlotFault[] = [{ slot: 1, name: 'cloned-key' }]

/** Provisioning-station section 9.4. */
describe('under policy "production"', () => {
  it.each([
    ['ITS', { ...flowCases.wba0, provisioning: { stores } }, 'its'],
    ['ITS behind a boot loader', { ...flowCases.wba1, provisioning: { stores } }, 'its'],
    ['TF-M', flowCases.wba2, 'psa'],
    ['ITS of U5', { ...flowCases.u5, provisioning: { stores } }, 'its'],
    ['CKS', { ...flowCases.wb55, order: {} }, 'cks'],
  ] as const)(
    'a key ends in %s, proves itself there, and SWD does not find it',
    async (_, flow, place) => {
      await using folder = await temporaryFolder()
      const production = await line
      const run = await runFlow(flow, { folder: folder.path, production, faults: knownKey })
      using bench = run.bench
      const [report] = await unitsIn(folder.path)
      expect(report?.verdict).toMatchObject({ verdict: 'PASS', reason: 'complete' })
      const keys = report?.verdict?.evidence.filter(({ kind }) => kind === 'key')
      expect(keys).toMatchObject([{ facts: { by: 'PROOF' } }, { facts: { by: 'ATT-08' } }])

      const state = stateOf(bench.board(1), flow, imagesOf(flow).application.length)
      expect(state).toMatchObject({ keyPlace: place, isKeyInFactoryData: false })
      if (state.dac === undefined) throw new Error('the board has no certificate')
      const octets = await readableFlash(run)
      expect(octets.includes(clonedScalar('flow', state.dac))).toBe(false)
    },
  )

  it('a board without secure storage ends with 020, and gets nothing', async () => {
    const decision = await decisionOn(flowCases.wba1)
    expect(decision).toMatchObject({ verdict: 'ERROR', reason: 'STATION_BOARD_REFUSED' })
  })

  it('a board that stores its key elsewhere than its mode demands fails', async () => {
    await using folder = await temporaryFolder()
    const flow = { ...flowCases.wba1, provisioning: { trustedFirmware: true } }
    const run = await runFlow(flow, { folder: folder.path })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'FAIL', reason: 'STATION_STORE' })
  })

  it('a board that proves with another key than the stored one fails', async () => {
    const flow = { ...flowCases.wba0, provisioning: { stores } }
    const decision = await decisionOn(flow, [{ slot: 1, name: 'proof-other-key' }])
    expect(decision).toMatchObject({ verdict: 'FAIL', reason: 'STATION_PROOF' })
  })
})

async function decisionOn(
  flow: FlowCase,
  faults: readonly SlotFault[] = [],
): Promise<ReturnType<typeof decisionOf>> {
  await using folder = await temporaryFolder()
  const run = await runFlow(flow, { folder: folder.path, production: await line, faults })
  using _bench = run.bench
  return decisionOf(run)
}
