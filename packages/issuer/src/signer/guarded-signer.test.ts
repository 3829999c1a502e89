import { systemClock, VirtualClock, withDeadline } from '@keyline/bytes'
import { generateP256, keyPairSigner, type Signer } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { IssuerError } from '../errors.ts'
import { FileSigner } from './file-signer.ts'
import { guardedSigner } from './guarded-signer.ts'
import { custodyOf } from './held-signer.ts'

const pair = generateP256()
const message = Uint8Array.of(1, 2, 3)
const refused = (code: 'ISSUER_SIGNER_LIMIT'): Promise<never> =>
  Promise.reject(new IssuerError(code, 'no'))

/** A guarded signer of which every signature is made by the next of these; then it is a good one. */
function guarded(...answers: readonly (() => Promise<Uint8Array>)[]): {
  readonly signer: Signer
  readonly clock: VirtualClock
  readonly asked: () => number
} {
  const clock = new VirtualClock()
  const good = keyPairSigner(pair)
  let asked = 0
  const signer: Signer = {
    publicKey: pair.publicKey,
    sign: (octets) => (answers[asked++] ?? (() => good.sign(octets)))(),
  }
  return { signer: guardedSigner({ signer, clock, timeoutMs: 500 }), clock, asked: () => asked }
}

async function turnsOfTheEventLoop(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise((resolve) => void setImmediate(resolve))
  }
}

const broken = (): Promise<never> => Promise.reject(new Error('the module is gone'))
const silent = (): Promise<never> => new Promise(() => undefined)
const wrong = (): Promise<Uint8Array> => keyPairSigner(generateP256()).sign(message)
const garbage = (): Promise<Uint8Array> => Promise.resolve(Uint8Array.of(0x30, 0x01))

describe('a guarded signer', () => {
  it.each([
    ['breaks', broken],
    ['does not answer in time', silent],
    ['signs with another key', wrong],
    ['answers garbage', garbage],
  ])('fails when the signer %s, and is asked again', async (_, answer) => {
    const { signer } = guarded(answer)
    await expect(signer.sign(message)).rejects.toMatchObject({
      code: 'ISSUER_SIGNER_FAILED',
      retryable: true,
    })
    await expect(signer.sign(message)).resolves.toBeInstanceOf(Uint8Array)
  })

  it('asks no more after three failures in a row, says for how long, and tries then', async () => {
    const { signer, clock, asked } = guarded(broken, wrong, garbage)
    for (let failure = 0; failure < 3; failure++) {
      await expect(signer.sign(message)).rejects.toMatchObject({ code: 'ISSUER_SIGNER_FAILED' })
    }
    await expect(signer.sign(message)).rejects.toMatchObject({
      code: 'ISSUER_SIGNER_FAILED',
      details: { retryAfterMs: 1000 },
    })
    expect(asked()).toBe(3)
    await clock.sleep(1000)
    await expect(signer.sign(message)).resolves.toBeInstanceOf(Uint8Array)
    await expect(signer.sign(message)).resolves.toBeInstanceOf(Uint8Array)
  })

  it('takes a limit for an answer: it passes through, and nothing breaks the circuit', async () => {
    const refusals = Array.from({ length: 5 }, () => () => refused('ISSUER_SIGNER_LIMIT'))
    const { signer } = guarded(...refusals)
    for (let asked = 0; asked < refusals.length; asked++) {
      await expect(signer.sign(message)).rejects.toMatchObject({ code: 'ISSUER_SIGNER_LIMIT' })
    }
    await expect(signer.sign(message)).resolves.toBeInstanceOf(Uint8Array)
  })

  it('is guarded once, and tells where the key rests', () => {
    const clock = new VirtualClock()
    const held = { ...keyPairSigner(pair), custody: 'module' }
    const once = guardedSigner({ signer: held, clock, timeoutMs: 1 })
    expect(custodyOf(once)).toBe('module')
    expect(guardedSigner({ signer: once, clock, timeoutMs: 1 })).toBe(once)
  })

  it('of a file fails with the same code', async () => {
    const signer = guardedSigner({
      signer: new FileSigner({ publicKey: pair.publicKey, sign: broken }),
      clock: new VirtualClock(),
      timeoutMs: 1,
    })
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'ISSUER_SIGNER_FAILED' })
  })
})

describe('a key of this process under guard', () => {
  it.each([
    ['breaks', broken],
    ['signs with another key', wrong],
    ['answers garbage', garbage],
  ])('releases no signature when it %s', async (_, answer) => {
    const file = new FileSigner({ publicKey: pair.publicKey, sign: answer })
    const signer = guardedSigner({ signer: file, clock: new VirtualClock(), timeoutMs: 500 })
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'ISSUER_SIGNER_FAILED' })
  })

  it('still says that it lies in a file', () => {
    const file = new FileSigner(keyPairSigner(pair))
    const once = guardedSigner({ signer: file, clock: new VirtualClock(), timeoutMs: 500 })
    expect(custodyOf(once)).toBe('file')
    expect(guardedSigner({ signer: once, clock: new VirtualClock(), timeoutMs: 500 })).toBe(once)
  })
})

describe('a key elsewhere under guard', () => {
  it('costs no virtual time where it was guarded under the real clock', async () => {
    const module = {
      publicKey: pair.publicKey,
      sign: async (octets: Uint8Array) => {
        await turnsOfTheEventLoop(5)
        return keyPairSigner(pair).sign(octets)
      },
    }
    const real = guardedSigner({ signer: module, clock: systemClock, timeoutMs: 60_000 })
    const clock = new VirtualClock()
    const signer = guardedSigner({ signer: real, clock, timeoutMs: 500 })
    const wait = { clock, ms: 1, what: 'the signer' }
    await Promise.all(
      Array.from({ length: 8 }, () => withDeadline(wait, () => signer.sign(message))),
    )
    expect(clock.monotonicMs()).toBe(0)
  })
})
