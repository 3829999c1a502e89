import { equalOctets, seededRandom } from '@keyline/bytes'
import { generateCurveKeyPair } from '@keyline/crypto'
import { inProcessTransport, openStsafe, StsafeError, type TypedHostKeys } from '@keyline/stsafe'
import { maxCounter, type HostKeys } from '@keyline/stsafe/layout'
import {
  FaultyBus,
  faults,
  seededRandomness,
  type ChipState,
  type Fault,
} from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import type { BusResponder } from '../../packages/stsafe/src/bus/in-process.ts'
import { LoneClock } from './support/lone-clock.ts'
import { faultNames } from './support/fault-names.ts'
import { BlindRepeater, CountingChip, CountingWire } from './support/counting-chip.ts'
import {
  flows,
  newKeys,
  oldKeys,
  WriteReport,
  type Flow,
  type Written,
} from './support/provisioning-flows.ts'

/** A chip that hangs costs 100 attempts of 10 ms for the command, and as many for what is tidied up behind it. */
const deadlineMs = 5_000

const hostPair = generateCurveKeyPair('P-256', seededRandom('host pair'))

interface Run {
  /** Result of the flow, or code of the error that it ended in. */
  readonly outcome: string
  readonly written: Written
  readonly exchanges: number
  readonly elapsedMs: number
  /** Most times that one command that must not happen twice was sent, and reached the chip. */
  readonly sent: number
  readonly taken: number
}

function chipIn(state: ChipState): CountingChip {
  return new CountingChip({ state, randomness: seededRandomness('faults') })
}

async function runOn(
  chip: CountingChip,
  flow: Flow,
  script: readonly Fault[] = [],
  hostOf: (wire: BusResponder) => BusResponder = (wire) => wire,
): Promise<Run> {
  const bus = new FaultyBus(chip, script)
  const wire = new CountingWire(bus)
  const clock = new LoneClock()
  const report = new WriteReport()
  const keys = heldHostKeys(chip)
  let outcome: string
  try {
    const options = { clock, random: seededRandom('host'), ephemeralKeyPair: () => hostPair }
    const host = await openStsafe(inProcessTransport(hostOf(wire)), options)
    outcome = await flow.run(host, report, keys)
  } catch (error) {
    if (!(error instanceof StsafeError)) throw error
    outcome = error.code
  }
  return {
    outcome,
    written: report.written,
    exchanges: bus.exchanges,
    elapsedMs: clock.monotonicMs(),
    sent: wire.tally.most,
    taken: chip.tally.most,
  }
}

/** Asks the memory of the chip, not the host. */
function heldHostKeys(chip: CountingChip): TypedHostKeys {
  return isHeld(chip.chip.memory.state.hostKeys, newKeys) ? newKeys : oldKeys
}

function isHeld(held: HostKeys | undefined, keys: TypedHostKeys): boolean {
  return (
    held?.type === keys.type &&
    equalOctets(held.macKey, keys.macKey.reveal()) &&
    equalOctets(held.cipherKey, keys.cipherKey.reveal())
  )
}

type Held = 'old' | 'new' | 'other'

function heldIn(chip: CountingChip, { place }: Flow): Held {
  const { hostKeys, symmetricSlots } = chip.chip.memory.state
  if (place === 'host') {
    if (isHeld(hostKeys, newKeys)) return 'new'
    return isHeld(hostKeys, oldKeys) ? 'old' : 'other'
  }
  const key = symmetricSlots[0]?.key?.key
  if (key === undefined) return 'old'
  return key.every((octet) => octet === 0x5a) ? 'new' : 'other'
}

/** What the place may hold after what the host has told of its write. */
function allowedFor({ name }: Fault, written: Written): readonly Held[] {
  // The host has written to the chip that was put in, if to any.
  if (name === 'swap-identity') return ['old', 'new']
  if (written === 'unknown') return ['old', 'new']
  return written === 'yes' ? ['new'] : ['old']
}

describe.each(Object.entries(flows))('provisioning of %s', (title, flow) => {
  it('ends in the same keys or a typed error under every fault at every exchange', async () => {
    const undisturbed = await runOn(chipIn(flow.state), flow)
    expect(undisturbed).toMatchObject({ outcome: flow.result, written: 'yes', sent: 1, taken: 1 })
    let runs = 0
    for (let position = 0; position < undisturbed.exchanges; position++) {
      for (const name of faultNames) {
        const where = `${name}@${position}`
        const chip = chipIn(flow.state)
        const run = await runOn(chip, flow, [{ name, position }])
        if (run.outcome !== flow.result) expect(run.outcome, where).toMatch(/^(CHIP|STSAFE)_/)
        expect(allowedFor({ name, position }, run.written), where).toContain(heldIn(chip, flow))
        expect(Math.max(run.sent, run.taken), `${where}: sent twice`).toBeLessThanOrEqual(1)
        expect(run.elapsedMs, `${where}: time`).toBeLessThan(deadlineMs)
        chip.powerCycle()
        const isSpent = chip.chip.memory.state.hostCounter === maxCounter(4)
        const next = await runOn(chip, flow)
        // Counters at their end stay there: nothing but other host keys, free to be written, begins them anew.
        const expected = flow.isProtected && isSpent ? 'CHIP_COUNTER_EXHAUSTED' : flow.result
        expect(next.outcome, `${where}: the next run`).toBe(expected)
        runs++
      }
    }
    process.stdout.write(
      `${title}: ${undisturbed.exchanges} exchanges × ${faultNames.length} faults = ${runs} runs\n`,
    )
    expect(faultNames).toHaveLength(18)
    expect(runs).toBe(undisturbed.exchanges * faultNames.length)
  })

  it('would show a host that repeats a command blindly', async () => {
    const { exchanges } = await runOn(chipIn(flow.state), flow)
    let most = 0
    for (let position = 0; position < exchanges; position++) {
      const script = [{ name: 'lose-response', position }] as const
      const blind = await runOn(chipIn(flow.state), flow, script, (bus) => new BlindRepeater(bus))
      most = Math.max(most, blind.taken)
    }
    expect(most).toBe(2)
  })
})

it('every fault of the script has its name here', () => {
  expect(faultNames).toEqual(Object.keys(faults))
})
