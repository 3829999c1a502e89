import { createPublicKey, verify } from 'node:crypto'
import { toBase64url } from '@keyline/bytes'
import { generateP256, keyPairSigner, signP256 } from '@keyline/crypto'
import type { AttestationResult } from '@keyline/eat'
import {
  KeyCache,
  makeResult,
  MemoryTrustStore,
  resultSigner,
  signResult,
  verifyEvidence,
  type Verification,
} from '@keyline/verifier'
import { rateFigure, type Figure, type Goal } from './framework.ts'
import { enterFleet, fleetNonce, fleetTime, fleetToken, makeFleet } from './verifier-fleet.ts'

/** Devices: more than the keys that a verifier keeps parsed, so that each of them comes back forgotten. */
const devices = 12_000

/** 0.75 of the rate of the bare work. */
const goal: Goal = { of: 'ratio', is: 'at most', limit: 1.33 }

const rounds = { rounds: 9, roundMs: 1_000, time: 'cpu', collects: true } as const
const verifierId = { developer: 'https://verifier.example', build: 'bench 1' }

/** Verified tokens on one core, each under a key that is imported for it. */
export async function* rateFigures(): AsyncIterable<Figure> {
  const fleet = makeFleet(devices)
  const cases = fleet.map((device, index) => {
    const nonce = fleetNonce(index)
    const { point } = device.pair.publicKey
    const x = toBase64url(point.subarray(1, 33))
    const y = toBase64url(point.subarray(33))
    return { ...fleetToken(device, nonce), nonce, jwk: { kty: 'EC', crv: 'P-256', x, y } }
  })
  const store = new MemoryTrustStore()
  await enterFleet(fleet, store)
  const cache = new KeyCache()
  const pair = generateP256()
  const signer = resultSigner(keyPairSigner(pair))

  type Case = (typeof cases)[number]
  const inTurn = (act: (one: Case) => unknown): (() => unknown) => {
    let next = 0
    return () => {
      const one = cases[next++ % cases.length]
      return one === undefined ? undefined : act(one)
    }
  }
  const isVerified = ({ message, signature, jwk }: Case): boolean => {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
  }
  const judge = ({ octets, nonce }: Case): Promise<Verification> =>
    verifyEvidence(octets, { store, nonce, time: fleetTime, cache })
  yield await rateFigure({
    figure: 'token to verdict / import, verify',
    work: inTurn(judge),
    bare: inTurn(isVerified),
    goal,
    ...rounds,
  })
  yield await rateFigure({
    figure: 'token to verdict and result / import, verify',
    work: inTurn(async (one) => resultOf(await judge(one), one.nonce)),
    bare: inTurn(isVerified),
    ...rounds,
  })
  const toJwt = inTurn(async (one) => signResult(resultOf(await judge(one), one.nonce), signer))
  yield await rateFigure({
    figure: 'token to signed result / import, verify, sign',
    work: toJwt,
    bare: inTurn((one) => isVerified(one) && signP256(pair, one.message)),
    goal,
    ...rounds,
  })
  yield await rateFigure({
    figure: 'token to signed result / import, verify',
    work: toJwt,
    bare: inTurn(isVerified),
    ...rounds,
  })
}

function resultOf(verification: Verification, nonce: Uint8Array): AttestationResult {
  const context = { issuedAt: fleetTime, lifetime: 300, nonce, verifierId }
  const result = makeResult(verification, context)
  if (verification.outcome === 'genuine' && result !== undefined) return result
  throw new TypeError(`a token of the fleet is ${verification.outcome}`)
}
