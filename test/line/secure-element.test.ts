import { Secret, seededRandom } from '@keyline/bytes'
import { hkdfSha256 } from '@keyline/crypto'
import { stsafeElement } from '@keyline/cli/wiring'
import { inProcessTransport, type MasterKey } from '@keyline/stsafe'
import { chipOf, makeTestRoot, personalise, SimulatedBus, spl05Profile } from '@keyline/stsafe-sim'
import type { SecureElement, StationParts } from '@keyline/station'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { flowCases, runFlow, type FlowCase } from './support/flow-line.ts'
import { decisionOf, journalOf, unitsIn } from './support/outcome.ts'

const flow: FlowCase = {
  ...flowCases.wba0,
  name: 'with an STSAFE-A120',
  order: { secureElement: { part: 'stsafe-a120', keySlot: 0 } },
}

const master: MasterKey = {
  derive: (info, length) =>
    new Secret(
      hkdfSha256({ secret: new Uint8Array(32).fill(7), salt: new Uint8Array(), info, length }),
    ),
}

/** A chip from the factory; each name has another number. */
async function newChip(name: string): Promise<SimulatedBus> {
  const random = seededRandom(name)
  const root = await makeTestRoot(seededRandom('root'))
  return new SimulatedBus({ state: await personalise(chipOf(spl05Profile), { root, random }) })
}

/** A station whose slots carry a chip; `chipAt` says which one answers at the nth opening of the bus. */
function withElement(
  chipAt: (opening: number) => SimulatedBus,
  calls: string[] = [],
): (parts: StationParts) => StationParts {
  let openings = 0
  return (parts) => {
    const chip = stsafeElement({
      master,
      clock: parts.clock,
      openBus: () => Promise.resolve(inProcessTransport(chipAt(++openings))),
    })
    const element: SecureElement = {
      identify: (probe, options) => chip.identify(probe, options),
      proveHostKeys: (probe, identity, options) => chip.proveHostKeys(probe, identity, options),
      provisionHostKeys: (probe, identity, options) => {
        calls.push('host keys')
        return chip.provisionHostKeys(probe, identity, options)
      },
      provisionKey: (probe, identity, slot, options) => {
        calls.push(`key ${slot}`)
        return chip.provisionKey(probe, identity, slot, options)
      },
    }
    return { ...parts, element }
  }
}

describe('a board with a secure element', () => {
  it('passes with keys of its own in the chip, and says which chip it is', async () => {
    await using folder = await temporaryFolder()
    const bus = await newChip('chip 1')
    const calls: string[] = []
    const run = await runFlow(flow, {
      folder: folder.path,
      decorate: withElement(() => bus, calls),
    })
    using _bench = run.bench
    const [report] = await unitsIn(folder.path)
    expect(report?.verdict).toMatchObject({ verdict: 'PASS', reason: 'complete' })
    expect(calls).toEqual(['host keys', 'key 0'])
    const facts = report?.verdict?.evidence.find(({ kind }) => kind === 'element')?.facts
    expect(facts).toMatchObject({
      hostKeys: true,
      element: expect.stringMatching(/^[0-9a-f]{18}$/),
    })
    const bound = journalOf(folder.path).find(({ step }) => step === 'element')
    expect(bound?.data['element']).toBe(facts?.['element'])
  })

  it.each([
    [2, 'QUARANTINE'],
    [3, 'QUARANTINE'],
  ] as const)('stops when another chip answers at phase %i (BUS-10)', async (phase, verdict) => {
    await using folder = await temporaryFolder()
    const [first, second] = [await newChip('chip 1'), await newChip('chip 2')]
    const calls: string[] = []
    const decorate = withElement((opening) => (opening < phase ? first : second), calls)
    const run = await runFlow(flow, { folder: folder.path, decorate })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict, reason: 'STATION_BOARD_CHANGED' })
    expect(calls).toEqual([])
  })

  it('is resumed with its own chip alone, and its host keys are written once', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const [first, second] = [await newChip('chip 1'), await newChip('chip 2')]
    const calls: string[] = []
    const faults = [{ slot: 1, name: 'restart-after-commit' } as const]
    const broken = await runFlow(flow, {
      folder: path,
      faults,
      decorate: withElement(() => first, calls),
    })
    using bench = broken.bench
    const { clock } = broken
    const again = { folder: path, bench, clock, resume: true } as const

    const other = await runFlow(flow, { ...again, decorate: withElement(() => second, calls) })
    expect(decisionOf(other)).toMatchObject({
      verdict: 'QUARANTINE',
      reason: 'STATION_BOARD_CHANGED',
    })
    const own = await runFlow(flow, { ...again, decorate: withElement(() => first, calls) })
    expect(decisionOf(own)).toMatchObject({ verdict: 'PASS' })
    expect(calls).toEqual(['host keys', 'key 0'])
  })

  it('fails when the chip has host keys of somebody else', async () => {
    await using folder = await temporaryFolder()
    const bus = await newChip('chip 1')
    const foreign: MasterKey = { derive: (_, length) => new Secret(new Uint8Array(length).fill(9)) }
    const openBus = () => Promise.resolve(inProcessTransport(bus))
    const decorate = (parts: StationParts): StationParts => {
      const theirs = stsafeElement({ master: foreign, clock: parts.clock, openBus })
      const ours = stsafeElement({ master, clock: parts.clock, openBus })
      const element: SecureElement = {
        ...ours,
        provisionHostKeys: (probe, identity, options) =>
          theirs.provisionHostKeys(probe, identity, options),
      }
      return { ...parts, element }
    }
    const run = await runFlow(flow, { folder: folder.path, decorate })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'FAIL', reason: 'EVIDENCE_ELEMENT' })
  })

  it('touches no board where the station has no bus to a chip', async () => {
    await using folder = await temporaryFolder()
    const run = await runFlow(flow, { folder: folder.path })
    using _bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict: 'ERROR', reason: 'STATION_NO_FLOW' })
  })
})
