import { seededRandom, type Random } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { knownAnswers } from './known-answers.ts'
import { probeSigner, selfTest } from './self-test.ts'

const random = seededRandom('self-test')

const failure = (message: RegExp): unknown =>
  expect.objectContaining({
    code: 'SERVER_SELF_TEST',
    message: expect.stringMatching(message),
  })

describe('the self-test', () => {
  it('finds every primitive and the generator sound', () => {
    expect(selfTest(random)).toEqual(knownAnswers.map(({ algorithm }) => algorithm))
  })

  it.each(knownAnswers.map((answer) => [answer.algorithm, answer] as const))(
    'finds a wrong answer of %s, one that accepts anything, and one that fails',
    (algorithm, answer) => {
      const name = algorithm.replaceAll(/[^\w ]/g, '.')
      for (const [broken, message] of [
        [{ ...answer, answers: () => false }, 'gives a wrong answer'],
        [{ ...answer, answers: fail }, 'gives a wrong answer'],
        [{ ...answer, refuses: () => false }, 'accepts a wrong input'],
      ] as const) {
        const test = (): unknown => selfTest(random, [broken])
        expect(test).toThrow(failure(new RegExp(`${name} ${message}`)))
      }
    },
  )

  it.each<[string, RegExp, Random]>([
    ['stands still', /same octets twice/, { bytes: (length) => random32.slice(0, length) }],
    ['repeats an octet', /repeats the octet/, counting((index) => (index < 10 ? 7 : index % 256))],
    ['prefers an octet', /prefers one octet/, counting((index) => (index % 2) * (index % 251))],
  ])('finds a generator that %s', (_, message, broken) => {
    expect(() => selfTest(broken)).toThrow(failure(message))
  })

  it('lets a signer sign, and finds one that is silent or lies', async () => {
    const signer = keyPairSigner(generateP256())
    const other = keyPairSigner(generateP256())
    await probeSigner(signer, random)
    const silent = { ...signer, sign: () => Promise.reject(new Error('gone')) }
    await expect(probeSigner(silent, random)).rejects.toEqual(failure(/no signature/))
    const lying = { ...signer, sign: (message: Uint8Array) => other.sign(message) }
    await expect(probeSigner(lying, random)).rejects.toEqual(failure(/does not verify/))
  })
})

function fail(): boolean {
  throw new Error('broken')
}

const random32 = seededRandom('still').bytes(8_192)

/** A generator whose octets are a function of their place, different in each call. */
function counting(octet: (index: number) => number): Random {
  let call = 0
  return {
    bytes: (length) => {
      call += 1
      const octets = Uint8Array.from({ length }, (_, index) => octet(index))
      octets[length - 1] = call
      return octets
    },
  }
}
