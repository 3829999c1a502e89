import { BytesError } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { flowCases, runFlow, type FlowCase } from './support/flow-line.ts'
import { decisionOf, unitsIn } from './support/outcome.ts'

/** As real firmware is: it runs, and answers no questions of a station. */
const silent = (flow: FlowCase): FlowCase => ({
  ...flow,
  order: { ...flow.order, application: 'silent' },
  application: { kind: 'inert' },
})

/** Provisioning-station section 10: on hardware PROOF stands for ATT-08. */
describe('an application that answers no questions', () => {
  it.each([
    ['WBA6 security 0', flowCases.wba0],
    ['WBA6 security 2', flowCases.wba2],
    ['U5', flowCases.u5],
    ['WB55 production', flowCases.wb55production],
  ] as const)('of %s passes with the proof of its exchange', async (_, flow) => {
    await using folder = await temporaryFolder()
    const run = await runFlow(silent(flow), { folder: folder.path })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'PASS', reason: 'complete' })
    const [report] = await unitsIn(folder.path)
    const evidence = report?.verdict?.evidence ?? []
    expect(evidence.filter(({ kind }) => kind === 'key')).toMatchObject([
      { facts: { by: 'PROOF' } },
    ])
    expect(evidence.find(({ kind }) => kind === 'attestation')?.facts).toMatchObject({
      signature: 'PROOF',
    })
  })

  it('is FAIL where the boot loader refused it', async () => {
    await using folder = await temporaryFolder()
    const faults = [{ slot: 1, name: 'update-corrupted' } as const]
    const run = await runFlow(silent(flowCases.wba1), { folder: folder.path, faults })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'FAIL', reason: 'EVIDENCE_UPDATE' })
  })

  it('is resumed with the proof that the journal holds', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const stop = new AbortController()
    const first = await runFlow(silent(flowCases.wba0), {
      folder: path,
      signal: stop.signal,
      onEvent: (event) => {
        const isExchanged = event.type === 'step-done' && event.step === 'exchange'
        if (isExchanged) stop.abort(new BytesError('INTERRUPTED', 'SIGINT'))
      },
    })
    using bench = first.bench
    const { clock } = first
    const second = await runFlow(silent(flowCases.wba0), {
      folder: path,
      bench,
      clock,
      resume: true,
    })
    expect(decisionOf(second)).toMatchObject({ verdict: 'PASS' })
  })

  it('stays in QUARANTINE where no run has seen a proof', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const faults = [{ slot: 1, name: 'restart-after-commit' } as const]
    const first = await runFlow(silent(flowCases.wba0), { folder: path, faults })
    using bench = first.bench
    const { clock } = first
    const second = await runFlow(silent(flowCases.wba0), {
      folder: path,
      bench,
      clock,
      resume: true,
    })
    expect(decisionOf(second)).toMatchObject({ verdict: 'QUARANTINE', reason: 'EVIDENCE_MISSING' })
  })
})
