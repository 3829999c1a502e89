import { writeSync } from 'node:fs'
import { Form } from '@keyline/stsafe/layout'
import { chipOf, fileStore, loadState, SimulatedBus, spl05Profile } from '@keyline/stsafe-sim'
import { ask } from '../../../packages/stsafe-sim/src/testing/plain-host.ts'

/**
 * Counts zone 5 down without end, its data the low octet of the counter, and tells each value that was answered.
 * Whoever started it kills it.
 */
const path = process.argv[2] ?? ''
const state = loadState(path) ?? chipOf(spl05Profile)
const bus = new SimulatedBus({ state, store: fileStore(path) })
for (;;) {
  const before = bus.chip.memory.state.zones[5]?.entry.counter ?? 0
  const data = new Uint8Array(64).fill((before - 1) & 0xff)
  const { counter } = ask(bus, Form.decrement, { option: {}, zone: 5, offset: 0, amount: 1, data })
  writeSync(1, `${counter}\n`)
}
