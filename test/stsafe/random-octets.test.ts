import { describe, expect, it } from 'vitest'
import { fuzzNumbers, mutate } from '../support/fuzz/mutate.ts'
import { stsafeSimDecoders } from '../support/fuzz/stsafe-sim-targets.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { watchMemory } from './support/bounded-memory.ts'

describe('a chip that is sent random octets', () => {
  const targets = stsafeSimDecoders
    .flatMap((decoder) => decoder.targets)
    .filter(({ name }) => name === 'chip-commands' || name === 'chip-frame')

  it.each(targets)(
    'answers each with a frame and goes on ($name)',
    async ({ name, seeds, run }) => {
      const numbers = fuzzNumbers(testSeed)
      const inputs = seeds()
      run(mutate(inputs, numbers))
      const endWatch = watchMemory(name)
      let runs = 0
      for (; runs < scaled(10_000, 500_000); runs++) run(mutate(inputs, numbers))
      process.stdout.write(`${await endWatch(runs)}\n`)
      expect(runs).toBe(scaled(10_000, 500_000))
    },
  )
})
