import { describe, expect, it } from 'vitest'
import { fuzzNumbers, mutate } from '../support/fuzz/mutate.ts'
import { stsafeSimDecoders } from '../support/fuzz/stsafe-sim-targets.ts'
import { scaled, testSeed } from '../support/scale.ts'

describe('a chip that is sent random octets', () => {
  const targets = stsafeSimDecoders
    .flatMap((decoder) => decoder.targets)
    .filter(({ name }) => name === 'chip-commands' || name === 'chip-frame')

  it.each(targets)('answers each with a frame and goes on ($name)', ({ seeds, run }) => {
    const numbers = fuzzNumbers(testSeed)
    const inputs = seeds()
    let runs = 0
    for (; runs < scaled(10_000, 500_000); runs++) run(mutate(inputs, numbers))
    expect(runs).toBe(scaled(10_000, 500_000))
  })
})
