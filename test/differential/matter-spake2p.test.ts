import { toHex } from '@keyline/bytes'
import { spake2pScalars, spake2pVerifier } from '@keyline/crypto'
import { Spake2p, StandardCrypto } from '@matter/general'
import { describe, expect, it } from 'vitest'
import { Draw } from '../support/draw.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { differences, shown } from './support/fields.ts'
import { octetsOf } from './support/matter-octets.ts'

/** Each derives a key of at least 1,000 rounds twice on each side. */
const cases = scaled(200, 20_000)
const matterCrypto = new StandardCrypto()

describe(`matter.js, ${cases} SPAKE2+ verifiers drawn with seed ${testSeed},`, () => {
  it('derives the scalars and the point that we derive', async () => {
    const draw = new Draw(`verifiers ${testSeed}`)
    const problems: string[] = []
    for (let index = 0; index < cases; index++) {
      const input = drawInput(draw)
      problems.push(...(await compared(`seed ${testSeed}, case ${index}`, input, input)))
    }
    expect(shown(problems)).toEqual([])
  })

  it('would be told apart by passcode, salt and iterations', async () => {
    const input = drawInput(new Draw(`control ${testSeed}`))
    const salt = Uint8Array.from(input.salt, (octet) => octet ^ 1)
    const others = [
      { ...input, passcode: (input.passcode % 99_999_998) + 1 },
      { ...input, salt },
      { ...input, iterations: input.iterations + 1 },
    ]
    for (const other of others) {
      const problems = await compared('control', input, other)
      expect(problems.map((line) => line.split(' ')[1])).toEqual(['w0', 'w1', 'L'])
    }
  })
})

interface VerifierInput {
  readonly passcode: number
  readonly salt: Uint8Array<ArrayBuffer>
  readonly iterations: number
}

function drawInput(draw: Draw): VerifierInput {
  return {
    passcode: draw.between(1, 99_999_998),
    salt: draw.octets(draw.between(16, 32)),
    iterations: draw.between(1_000, 1_500),
  }
}

async function compared(
  place: string,
  ours: VerifierInput,
  theirs: VerifierInput,
): Promise<readonly string[]> {
  const { w0, w1 } = await spake2pScalars(ours)
  const { L } = await spake2pVerifier(ours)
  const { passcode, ...parameters } = theirs
  const scalars = await Spake2p.computeW0W1(matterCrypto, parameters, passcode)
  const point = await Spake2p.computeW0L(matterCrypto, parameters, passcode)
  return differences(
    place,
    { w0: toHex(w0), w1: toHex(w1), L: toHex(L) },
    { w0: scalarText(scalars.w0), w1: scalarText(scalars.w1), L: toHex(octetsOf(point.L)) },
  )
}

function scalarText(scalar: bigint): string {
  return scalar.toString(16).padStart(64, '0')
}
