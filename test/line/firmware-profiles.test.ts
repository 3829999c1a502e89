import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { stateOf } from './support/board-state.ts'
import { flowCases, imagesOf, runFlow, type FlowCase, type FlowRun } from './support/flow-line.ts'
import { decisionOf, journalOf, unitsIn } from './support/outcome.ts'

const l0: FlowCase = { ...flowCases.wb55, provisioning: { kind: 'provisioning-L0' } }
const l0production: FlowCase = {
  ...flowCases.wb55production,
  provisioning: { kind: 'provisioning-L0', mode: 'production' },
}
const l1: FlowCase = { ...flowCases.wba0, provisioning: { kind: 'provisioning-L1' } }
const l1secure: FlowCase = { ...flowCases.wba1, provisioning: { kind: 'provisioning-L1' } }
const l1trusted: FlowCase = {
  ...flowCases.wba2,
  provisioning: { kind: 'provisioning-L1', trustedFirmware: true },
}
const l1u5: FlowCase = { ...flowCases.u5, provisioning: { kind: 'provisioning-L1' } }
const none: FlowCase = {
  ...flowCases.wba0,
  provisioning: { kind: 'provisioning-none' },
  order: { exchange: 'none' },
}

/** Provisioning-station sections 6.3, 10 and 2.6. */
describe('firmware that only reports, under policy "test"', () => {
  it.each([
    ['L0', l0, 'L0', 'flash'],
    ['L0 built for production', l0production, 'L0', 'cks'],
    ['L1', l1, 'L1', 'flash'],
    ['L1 behind a boot loader', l1secure, 'L1', 'flash'],
    ['L1 with TF-M', l1trusted, 'L1', 'psa'],
    ['L1 on U5', l1u5, 'L1', 'flash'],
  ] as const)(
    '%s is PASS, marked as demo with an unproven key',
    async (_, flow, profile, place) => {
      await using folder = await temporaryFolder()
      const run = await runFlow(flow, { folder: folder.path })
      using bench = run.bench
      expect(decisionOf(run)).toMatchObject({ verdict: 'PASS', reason: 'complete' })
      expect(marksIn(folder.path)).toBe('key unproven, demo')

      const [unit] = await unitsIn(folder.path)
      expect(unit?.certificates).toEqual([])
      const evidence = unit?.verdict?.evidence ?? []
      expect(evidence.find(({ kind }) => kind === 'exchange')?.facts).toMatchObject({ profile })
      expect(evidence.filter(({ kind }) => kind === 'key')).toMatchObject([
        { ok: true, facts: { unproven: true } },
      ])
      const state = stateOf(bench.board(1), flow, imagesOf(flow).application.length)
      expect(state).toMatchObject({ keyPlace: place, running: { kind: 'application' } })
    },
  )

  it('none is QUARANTINE: nothing proves its key', async () => {
    await using folder = await temporaryFolder()
    const run = await runFlow(none, { folder: folder.path })
    using bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'QUARANTINE', reason: 'EVIDENCE_MISSING' })
    expect(marksIn(folder.path)).toBe('demo')
    expect(bench.board(1).keyPlace).toBe('its')
  })

  it('stores nothing and reports success: FAIL', async () => {
    expect(await verdictOf(l1, 'stores-nothing')).toMatchObject({ verdict: 'FAIL' })
  })

  it('finds its secure storage full: FAIL', async () => {
    const verdict = await verdictOf(l0production, 'secure-storage-refuses')
    expect(verdict).toMatchObject({ verdict: 'FAIL', reason: 'STATION_BOARD_REPORTED' })
  })

  it('L0 is not taken where its platform has none', async () => {
    const flow = { ...flowCases.wba0, provisioning: { kind: 'provisioning-L0' } } as const
    const verdict = await verdictOf(flow)
    expect(verdict).toMatchObject({ verdict: 'ERROR', reason: 'STATION_SYNC_TIMEOUT' })
  })
})

describe('firmware that only reports, under policy "production"', () => {
  it.each([
    ['L0', l0],
    ['L1', l1],
  ] as const)('%s is refused', async (_, flow) => {
    await using folder = await temporaryFolder()
    const run = await runFlow(flow, {
      folder: folder.path,
      change: ({ prepared, findings }) => ({
        findings,
        prepared: { ...prepared, order: { ...prepared.order, policy: 'production' } },
      }),
    })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'ERROR', reason: 'STATION_PROFILE' })
  })
})

function marksIn(folder: string): unknown {
  return journalOf(folder).find(({ type }) => type === 'decided')?.data['marks']
}

async function verdictOf(
  flow: FlowCase,
  fault?: 'stores-nothing' | 'secure-storage-refuses',
): Promise<ReturnType<typeof decisionOf>> {
  await using folder = await temporaryFolder()
  const faults = fault === undefined ? [] : [{ slot: 1, name: fault } as const]
  const run: FlowRun = await runFlow(flow, { folder: folder.path, faults })
  using _bench = run.bench
  return decisionOf(run)
}
