import { describe, expect, it } from 'vitest'
import { magicTrailer, type SlotFault } from '@keyline/board'
import { temporaryFolder } from '../support/line.ts'
import { clonedScalar, readableFlash, stateOf } from './support/board-state.ts'
import {
  applicationVersion,
  coprocessorVersion,
  flowCases,
  imagesOf,
  runFlow,
  type FlowCase,
  type FlowRun,
} from './support/flow-line.ts'
import { decisionsOf, unitsIn } from './support/outcome.ts'

/** The key of the first board is drawn from a generator that the test knows. */
const knownKey: readonly SlotFault[] = [{ slot: 1, name: 'cloned-key' }]

interface Promised {
  readonly flow: FlowCase
  readonly keyPlace: 'flash' | 'psa' | 'cks'
  readonly boot: 'direct' | 'installed'
}

/** Provisioning-station sections 5.2 to 5.5 and 9.4: policy `test`, X1. */
const promised: readonly Promised[] = [
  { flow: flowCases.wba0, keyPlace: 'flash', boot: 'direct' },
  { flow: flowCases.wba1, keyPlace: 'flash', boot: 'installed' },
  { flow: flowCases.wba2, keyPlace: 'psa', boot: 'installed' },
  { flow: flowCases.u5, keyPlace: 'flash', boot: 'installed' },
  { flow: flowCases.wb55, keyPlace: 'flash', boot: 'direct' },
  { flow: flowCases.wb55production, keyPlace: 'cks', boot: 'direct' },
  { flow: flowCases.wb55coprocessor, keyPlace: 'flash', boot: 'direct' },
  { flow: flowCases.wb55both, keyPlace: 'cks', boot: 'direct' },
]

describe.each(promised)('the flow of $flow.name', ({ flow, keyPlace, boot }) => {
  it('ends in PASS and leaves a board as it is promised, seen from the board', async () => {
    await using folder = await temporaryFolder()
    const run = await runFlow(flow, { folder: folder.path, faults: knownKey })
    using bench = run.bench
    expect(decisionsOf(run)).toMatchObject([{ verdict: 'PASS', reason: 'complete' }])

    const { application } = imagesOf(flow)
    const state = stateOf(bench.board(1), flow, application.length)
    const [unit] = await unitsIn(folder.path)
    const issued = unit?.certificates.find((one) => one.state === 'live')?.certificate
    expect(state).toMatchObject({
      running: { kind: 'application', version: applicationVersion },
      boot,
      keyPlace,
      isKeyInFactoryData: keyPlace === 'flash',
      dac: issued,
      application,
      rdp: 0,
    })
    if (boot === 'installed') {
      expect(state.trailer).not.toEqual(magicTrailer)
      expect(state).toMatchObject({ trustZone: 1, bootLock: 1, hidden: 1 })
    }
    if (flow.hasCoprocessor === true) {
      expect(state).toMatchObject({ coprocessor: coprocessorVersion, bootFromPin: 1 })
    }
    if (keyPlace === 'cks') expect(state.isCustomerKeyWritten).toBe(true)
    await expectKeyOnWire(run, state.dac, keyPlace === 'flash')
  })
})

/** The scalar is found over SWD exactly where it stands in flash. */
async function expectKeyOnWire(
  run: FlowRun,
  dac: Uint8Array | undefined,
  isReadable: boolean,
): Promise<void> {
  if (dac === undefined) throw new Error('the board has no certificate')
  const scalar = clonedScalar('flow', dac)
  const octets = await readableFlash(run)
  expect(octets.length).toBeGreaterThan(1_000_000)
  expect(octets.includes(scalar)).toBe(isReadable)
  expect(octets.includes(Buffer.from(scalar.toReversed()))).toBe(false)
}
