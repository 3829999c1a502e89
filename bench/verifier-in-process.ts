import { KeyCache, makeResult, MemoryTrustStore, verifyEvidence } from '@keyline/verifier'
import { enterFleet, fleetNonce, fleetTime, fleetToken, makeFleet } from './verifier-fleet.ts'

/** Keys that a verifier keeps parsed here: so few beside the fleet that none is still known when its device comes back. */
export const benchParsedKeys = 256
const devices = 6_000
const verifierId = { developer: 'https://verifier.example', build: 'bench 1' }

/** Makes the result of the next token of the fleet, under a key that is imported for it. */
export async function inProcessWork(): Promise<() => Promise<void>> {
  const fleet = makeFleet(devices)
  const tokens = fleet.map((device, index) => fleetToken(device, fleetNonce(index)).octets)
  const store = new MemoryTrustStore()
  await enterFleet(fleet, store)
  const cache = new KeyCache(benchParsedKeys)
  let next = 0
  return async () => {
    const place = next++ % devices
    const nonce = fleetNonce(place)
    const evidence = tokens[place] ?? new Uint8Array()
    const verification = await verifyEvidence(evidence, { store, nonce, time: fleetTime, cache })
    const result = makeResult(verification, { issuedAt: fleetTime, nonce, verifierId })
    if (verification.outcome === 'genuine' && result !== undefined) return
    throw new TypeError(`a token of the fleet is ${verification.outcome}`)
  }
}
