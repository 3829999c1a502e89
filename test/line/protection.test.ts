import { BytesError } from '@keyline/bytes'
import type { Programmer, StationParts, WirelessProgrammer } from '@keyline/station'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { flowCases, runFlow, type FlowCase } from './support/flow-line.ts'
import { decisionOf, journalOf, unitsIn } from './support/outcome.ts'

const protectedTo = (rdp: 1 | 2, flow: FlowCase = flowCases.wba1): FlowCase => ({
  ...flow,
  order: { ...flow.order, rdp },
})

/** Provisioning-station section 5.7; fault matrix, promise P9. */
describe('the final read-out protection', () => {
  it.each([
    ['WBA6 security 1', 1, flowCases.wba1],
    ['WBA6 security 0', 1, flowCases.wba0],
    ['U5', 1, flowCases.u5],
    ['WB55', 1, flowCases.wb55production],
    ['WBA6 security 2', 2, flowCases.wba2],
    ['WB55', 2, flowCases.wb55],
  ] as const)('of %s, level %i, is the last act on the board', async (_, rdp, flow) => {
    await using folder = await temporaryFolder()
    const run = await runFlow(protectedTo(rdp, flow), { folder: folder.path })
    using bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'PASS' })
    expect(bench.board(1).options.rdp).toBe(rdp)
    const steps = journalOf(folder.path).flatMap(({ type, step }) =>
      type === 'intent' && step !== undefined ? [step] : [],
    )
    expect(steps.slice(-2)).toEqual(['protect', 'decide'])
    const read = run.programmer.read('SIM000000001', 0x0800_0000, 16)
    await expect(read).rejects.toThrow(rdp === 1 ? /RDP level 1/ : /does not reach its target/)
  })

  it('is believed where a programmer reads no unique id behind it', async () => {
    await using folder = await temporaryFolder()
    const run = await runFlow(protectedTo(1), { folder: folder.path, decorate: hidingIds })
    using bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'PASS' })
    expect(bench.board(1).options.rdp).toBe(1)
  })

  it.each([
    ['a board without complete evidence', 'attestation-other-key', 'FAIL'],
    ['a board whose data are wrong', 'flash-bit-flip', 'FAIL'],
  ] as const)('is not set on %s', async (_, name, verdict) => {
    await using folder = await temporaryFolder()
    const faults = [{ slot: 1, name }]
    const run = await runFlow(protectedTo(1), { folder: folder.path, faults })
    using bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict })
    expect(bench.board(1).options.rdp).toBe(0)
    expect(journalOf(folder.path).some(({ step }) => step === 'protect')).toBe(false)
  })

  it('is not set where nothing proves the key', async () => {
    await using folder = await temporaryFolder()
    const flow: FlowCase = {
      ...flowCases.wba0,
      provisioning: { kind: 'provisioning-none' },
      order: { exchange: 'none', rdp: 1 },
    }
    const run = await runFlow(flow, { folder: folder.path })
    using bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'QUARANTINE', reason: 'EVIDENCE_MISSING' })
    expect(bench.board(1).options.rdp).toBe(0)
  })

  it.each(['before', 'behind'] as const)(
    'is set once when the run ends %s the act: the board is asked, the journal has its evidence',
    async (place) => {
      await using folder = await temporaryFolder()
      const { path } = folder
      const stop = new AbortController()
      let acts = 0
      const decorate = aroundProtection(async (act) => {
        if (place === 'behind') await act()
        acts++
        stop.abort(new BytesError('INTERRUPTED', 'SIGINT'))
        throw stop.signal.reason
      })
      const first = await runFlow(protectedTo(1), { folder: path, decorate, signal: stop.signal })
      using bench = first.bench
      expect(decisionOf(first)).toMatchObject({ verdict: 'QUARANTINE' })
      const [before] = await unitsIn(path)

      // What was programmed takes effect at the next reset; a board that lost its power has had one.
      bench.replug(1)
      const counted = aroundProtection((act) => {
        acts++
        return act()
      })
      const { clock } = first
      const second = await runFlow(protectedTo(1), {
        folder: path,
        bench,
        clock,
        decorate: counted,
        resume: true,
      })
      expect(decisionOf(second)).toMatchObject({ verdict: 'PASS', reason: 'complete' })
      expect(bench.board(1).options.rdp).toBe(1)
      expect(acts).toBe(place === 'behind' ? 1 : 2)
      const [after, ...others] = await unitsIn(path)
      expect(others).toEqual([])
      expect(after?.unit.id).toBe(before?.unit.id)
      const kinds = new Set(after?.verdict?.evidence.map(({ kind }) => kind))
      expect(kinds).toContain('data')
      expect(kinds).toContain('protection')
    },
  )

  it('stays open for a person where no journal says what was proven', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const stop = new AbortController()
    const decorate = aroundProtection(async (act) => {
      await act()
      stop.abort(new BytesError('INTERRUPTED', 'SIGINT'))
      throw stop.signal.reason
    })
    const first = await runFlow(protectedTo(1), { folder: path, decorate, signal: stop.signal })
    using bench = first.bench
    bench.replug(1)
    const { clock } = first
    const second = await runFlow(protectedTo(1), {
      folder: path,
      bench,
      clock,
      decorate: forgetting,
      resume: true,
    })
    expect(decisionOf(second)).toMatchObject({
      verdict: 'QUARANTINE',
      reason: 'STATION_QUARANTINED',
    })
  })
})

/** As STM32CubeProgrammer is driven: behind a protection nothing is read. */
function hidingIds(parts: StationParts): StationParts {
  const { programmer } = parts
  const hiding: Programmer = {
    list: (options) => programmer.list(options),
    connect: async (probe, options) => {
      const target = await programmer.connect(probe, options)
      return target.rdp === 0 ? target : { ...target, uid: new Uint8Array(12) }
    },
    download: (probe, address, octets, options) =>
      programmer.download(probe, address, octets, options),
    read: (probe, address, length, options) => programmer.read(probe, address, length, options),
    reset: (probe, options) => programmer.reset(probe, options),
  }
  return { ...parts, programmer: hiding }
}

/** A station that lost its journal. */
function forgetting(parts: StationParts): StationParts {
  return { ...parts, history: [] }
}

/** Stands around the option byte of the protection; all other acts pass. */
function aroundProtection(
  around: (act: () => Promise<void>) => Promise<void>,
): (parts: StationParts) => StationParts {
  return (parts) => {
    const { wireless } = parts
    if (wireless === undefined) return parts
    const guarded: WirelessProgrammer = {
      eraseAll: (probe, options) => wireless.eraseAll(probe, options),
      startWirelessStack: (probe, options) => wireless.startWirelessStack(probe, options),
      upgradeCoprocessor: (probe, address, file, options) =>
        wireless.upgradeCoprocessor(probe, address, file, options),
      setOptionBytes: (probe, values, options) => {
        const act = (): Promise<void> => wireless.setOptionBytes(probe, values, options)
        return values['RDP'] === undefined ? act() : around(act)
      },
    }
    return { ...parts, wireless: guarded }
  }
}
