import { MemoryTrustStore, verifyEvidence } from '@keyline/verifier'
import { enterFleet, fleetNonce, fleetTime, makeFleet } from './verifier-fleet.ts'
import { hostileInputs } from './verifier-worst-input.ts'

export interface WorstJob {
  /** Folder of the invalid tokens. */
  readonly vectors: string
}

/** What is worst of all inputs, each by the least of its rounds: what is more is not the input's doing. */
export interface WorstResult {
  readonly inputs: number
  readonly slowest: { readonly name: string; readonly ms: number }
  /** All that was allocated, whether it stays or not. */
  readonly largest: { readonly name: string; readonly octets: number }
}

const rounds = 9

async function measure({ vectors }: WorstJob): Promise<WorstResult> {
  const store = new MemoryTrustStore()
  await enterFleet(makeFleet(1), store)
  const context = { store, nonce: fleetNonce(0), time: fleetTime }
  const inputs = hostileInputs(vectors)
  let slowest = { name: '', ms: 0 }
  let largest = { name: '', octets: 0 }
  for (const { name, octets } of inputs) {
    let ms = Number.POSITIVE_INFINITY
    let allocated = Number.POSITIVE_INFINITY
    for (let round = 0; round < rounds; round++) {
      globalThis.gc?.()
      const before = process.memoryUsage()
      const begin = performance.now()
      const { outcome } = await verifyEvidence(octets, context)
      ms = Math.min(ms, performance.now() - begin)
      const after = process.memoryUsage()
      const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers
      if (grown > 0) allocated = Math.min(allocated, grown)
      if (outcome !== 'contraindicated') throw new TypeError(`${name} is ${outcome}`)
    }
    if (ms > slowest.ms) slowest = { name, ms }
    if (allocated > largest.octets) largest = { name, octets: allocated }
  }
  return { inputs: inputs.length, slowest, largest }
}

process.once('message', (job: WorstJob) => {
  void measure(job).then((result) => process.send?.(result, () => process.disconnect()))
})
