import { BytesError } from '@keyline/bytes'
import type { StationEvent, StationParts } from '@keyline/station'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { isLongRun } from '../support/scale.ts'
import { stateOf } from './support/board-state.ts'
import {
  flowCases,
  imagesOf,
  runFlow,
  type FlowCase,
  type FlowRunOptions,
} from './support/flow-line.ts'
import { decisionOf, decisionsOf, liveCertificates, unitsIn } from './support/outcome.ts'

const protectedFlow: FlowCase = { ...flowCases.wba1, name: 'with protection', order: { rdp: 1 } }

/** All flows in the long run; those with most steps in the short one. */
const interrupted: readonly FlowCase[] = isLongRun
  ? [...Object.values(flowCases), protectedFlow]
  : [protectedFlow, flowCases.wb55both]

const stepsOf: Readonly<Record<string, number>> = {
  'with protection': 15,
  [flowCases.wba2attested.name]: 16,
}

/** Fault matrix PROC-1, F-13, F-28; promises P1, P2, P9. */
describe.each(interrupted)('the flow of $name, interrupted', (flow) => {
  const places = Array.from({ length: stepsOf[flow.name] ?? 14 }, (_, index) => index + 1)

  it.each(places)('behind step %i goes on where the board stands', async (place) => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const protections: number[] = []
    const decorate = countProtections(protections)
    const first = await runFlow(flow, { folder: path, decorate, ...abortedBehind(place) })
    using bench = first.bench
    const { clock } = first
    const [before] = decisionsOf(first)
    if (before?.verdict === 'PASS') {
      expect(place).toBeGreaterThan(9)
      return
    }
    const second = await runFlow(flow, { folder: path, bench, clock, decorate, resume: true })
    const after = decisionOf(second)
    expect(after).toMatchObject({ verdict: 'PASS', reason: 'complete' })
    if (before?.verdict === 'QUARANTINE') expect(after.unit).toBe(before.unit)

    const units = await unitsIn(path)
    expect(units.map(liveCertificates).reduce((sum, live) => sum + live, 0)).toBe(1)
    const { rdp = 0 } = flow.order ?? {}
    expect(protections).toEqual(rdp === 0 ? [] : [0xbb])
    const state = stateOf(bench.board(1), flow, imagesOf(flow).application.length)
    expect(state).toMatchObject({ running: { kind: 'application' }, rdp })
    expect(state.application).toEqual(imagesOf(flow).application)
  })
})

/** A stop that somebody asks for when the nth step is done. */
function abortedBehind(place: number): Pick<FlowRunOptions, 'signal' | 'onEvent'> {
  const stop = new AbortController()
  let done = 0
  const onEvent = (event: StationEvent): void => {
    if (event.type !== 'step-done') return
    done++
    if (done === place) stop.abort(new BytesError('INTERRUPTED', 'SIGINT'))
  }
  return { signal: stop.signal, onEvent }
}

/** Counts the acts that nothing can undo. */
function countProtections(levels: number[]): (parts: StationParts) => StationParts {
  return (parts) => {
    const { wireless } = parts
    if (wireless === undefined) return parts
    return {
      ...parts,
      wireless: {
        eraseAll: (probe, options) => wireless.eraseAll(probe, options),
        startWirelessStack: (probe, options) => wireless.startWirelessStack(probe, options),
        upgradeCoprocessor: (probe, address, file, options) =>
          wireless.upgradeCoprocessor(probe, address, file, options),
        setOptionBytes: (probe, values, options) => {
          const level = values['RDP']
          if (level !== undefined) levels.push(level)
          return wireless.setOptionBytes(probe, values, options)
        },
      },
    }
  }
}
