import { generateP256, keyPairSigner } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { ownThread, type SignatureClaim, type SignatureVerifier } from './signature-verifier.ts'
import { VerifierThreads } from './verifier-threads.ts'

const pair = generateP256()
const { point } = pair.publicKey

async function claimOf(place: number): Promise<SignatureClaim> {
  const message = new Uint8Array(place + 1).fill(place)
  return { point, message, signature: await keyPairSigner(pair).sign(message) }
}

/** What a verifier says of a claim that holds, and of some that do not. */
async function answersOf(verifier: SignatureVerifier): Promise<readonly boolean[]> {
  const claim = await claimOf(1)
  const claims: readonly SignatureClaim[] = [
    claim,
    { ...claim, message: Uint8Array.of(9) },
    { ...claim, point: generateP256().publicKey.point },
    { ...claim, point: new Uint8Array(65).fill(4) },
    { ...claim, point: new Uint8Array() },
    { ...claim, signature: Uint8Array.of(0x30, 0x01) },
    { ...claim, signature: new Uint8Array() },
    claim,
  ]
  return Promise.all(claims.map(async (each) => verifier.verify(each)))
}

describe.each([
  ['the thread that asks', () => ownThread],
  ['a thread of its own', () => new VerifierThreads({ count: 1 })],
  ['no thread at all', () => new VerifierThreads({ count: 0 })],
])('the verification on %s', (_, open) => {
  it('tells a signature that holds from one that does not', async () => {
    expect(await answersOf(open())).toEqual([true, false, false, false, false, false, false, true])
  })
})

describe('threads that verify', () => {
  it('answer each of many claims at once with its own', async () => {
    const threads = new VerifierThreads({ count: 2 })
    const claims = await Promise.all(Array.from({ length: 50 }, (_, place) => claimOf(place)))
    const [other] = claims
    const asked = claims.map((claim, place) =>
      threads.verify(place % 3 === 1 ? { ...claim, message: other?.message ?? point } : claim),
    )
    expect(await Promise.all(asked)).toEqual(claims.map((_, place) => place % 3 !== 1))
    await threads.close()
  })

  it('leave what they have not done to the thread that asked', async () => {
    const threads = new VerifierThreads({ count: 1 })
    const before = Array.from({ length: 40 }, async (_, place) =>
      threads.verify(await claimOf(place)),
    )
    await threads.verify(await claimOf(0))
    const meanwhile = threads.verify(await claimOf(1))
    await new Promise((sent) => void setImmediate(sent))
    await threads.close()
    expect(await Promise.all([...before, meanwhile])).toEqual(Array(41).fill(true))
    expect(await answersOf(threads)).toEqual(await answersOf(ownThread))
  })
})
