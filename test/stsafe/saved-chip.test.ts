import { readdirSync, readFileSync } from 'node:fs'
import { seededRandom } from '@keyline/bytes'
import { generateCurveKeyPair } from '@keyline/crypto'
import { inProcessTransport, openStsafe } from '@keyline/stsafe'
import type { BusAnswer, BusRequest } from '@keyline/stsafe/layout'
import {
  chipOf,
  seededRandomness,
  SimulatedBus,
  spl05Profile,
  type ChipState,
} from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import type { BusResponder } from '../../packages/stsafe/src/bus/in-process.ts'
import { checkChip } from '../support/vectors/stsafe-sim.ts'
import { LoneClock } from './support/lone-clock.ts'
import { runSession, sessionState, stepResults } from './support/protected-session.ts'
import { flows, oldKeys, WriteReport } from './support/provisioning-flows.ts'

const folder = new URL('../vectors/stsafe-a120/', import.meta.url)

function chipIn(state: ChipState): SimulatedBus {
  return new SimulatedBus({ state, randomness: seededRandomness('saved') })
}

/** Behind each command another chip goes on from the snapshot of the one before, which is lost. */
class RestoredChip implements BusResponder {
  #chip: SimulatedBus
  commands = 0

  constructor(state: ChipState) {
    this.#chip = chipIn(state)
  }

  get snapshot(): string {
    return this.#chip.snapshot()
  }

  answer(request: BusRequest): BusAnswer {
    const answer = this.#chip.answer(request)
    if (request.kind !== 'write') return answer
    const next = chipIn(chipOf(spl05Profile))
    next.restore(this.snapshot)
    this.#chip = next
    this.commands++
    return answer
  }
}

describe('a chip that is saved, lost and restored after every command', () => {
  it('gives the same results over the whole recorded suite', () => {
    let [cases, commands] = [0, 0]
    for (const name of readdirSync(folder)) {
      if (!name.endsWith('.json') || /^(?:index|profile)/.test(name)) continue
      const json: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
      const file = { path: `stsafe-a120/${name}`, json }
      const undisturbed = checkChip(file)
      const restored = checkChip(file, (bus) => {
        const snapshot = bus.snapshot()
        bus.powerCycle()
        expect(bus.snapshot()).not.toBe(snapshot)
        bus.restore(snapshot)
        expect(bus.snapshot()).toBe(snapshot)
        commands++
      })
      expect(restored).toEqual(undisturbed)
      expect(restored.filter(({ ok }) => !ok)).toEqual([])
      cases += restored.length
    }
    process.stdout.write(`${commands} commands in ${cases} cases, saved and restored after each\n`)
    expect(cases).toBeGreaterThan(300)
    expect(commands).toBeGreaterThan(600)
  })

  it.each(Object.entries(flows))(
    'gives the same result of %s, and the same chip',
    async (_, flow) => {
      const hostPair = generateCurveKeyPair('P-256', seededRandom('host pair'))
      const run = async (bus: BusResponder): Promise<string> => {
        const options = { clock: new LoneClock(), random: seededRandom('host') }
        const host = await openStsafe(inProcessTransport(bus), {
          ...options,
          ephemeralKeyPair: () => hostPair,
        })
        return flow.run(host, new WriteReport(), oldKeys)
      }
      const [undisturbed, restored] = [chipIn(flow.state), new RestoredChip(flow.state)]
      expect([await run(undisturbed), await run(restored)]).toEqual([flow.result, flow.result])
      expect(restored.snapshot).toBe(undisturbed.snapshot())
      expect(restored.commands).toBeGreaterThan(6)
    },
  )

  it('goes on inside a host session', async () => {
    expect(await runSession(new RestoredChip(sessionState))).toEqual(stepResults)
  })
})
