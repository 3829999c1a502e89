import { sha256 } from '@keyline/crypto'
import { MemoryTrustStore, type TrustStore } from '@keyline/verifier'

/** A store to be filled with so many anchors. */
export interface AnchorJob {
  readonly store: 'memory'
  readonly anchors: number
}

export interface AnchorResult {
  /** Of the process, the runtime included. */
  readonly residentOctets: number
  /** Of one lookup of a device that is there. */
  readonly p99Us: number
}

const implementationId = sha256(Uint8Array.of(1))
/** Anchors of one CoRIM. */
const batch = 10_000
const lookups = 200_000

async function measure({ anchors }: AnchorJob): Promise<AnchorResult> {
  const store = new MemoryTrustStore()
  for (let from = 0; from < anchors; from += batch) {
    const transaction = store.begin({ id: `batch ${from}` })
    for (let index = from; index < Math.min(anchors, from + batch); index++) {
      const instanceId = instanceOf(index)
      const point = new Uint8Array(64).fill(index)
      const key = { type: 'ec', curve: 'P-256', point } as const
      await transaction.addAnchor({ implementationId, instanceId, key }, { replace: false })
    }
    await transaction.commit()
  }
  globalThis.gc?.()
  const residentOctets = process.memoryUsage.rss()
  return { residentOctets, p99Us: await lookupP99(store, anchors) }
}

async function lookupP99(store: TrustStore, anchors: number): Promise<number> {
  await timesOf(store, anchors, lookups / 10)
  const times = (await timesOf(store, anchors, lookups)).toSorted()
  return (times[Math.floor(times.length * 0.99)] ?? Number.NaN) / 1_000
}

/** Nanoseconds of lookups all over the store. */
async function timesOf(store: TrustStore, anchors: number, count: number): Promise<Float64Array> {
  const times = new Float64Array(count)
  for (let round = 0; round < count; round++) {
    // A step that is prime to both sizes goes through all of them, far from the one before.
    const instanceId = instanceOf((round * 611_953) % anchors)
    const begin = process.hrtime.bigint()
    const found = store.findAnchor(implementationId, instanceId)
    const anchor = found instanceof Promise ? await found : found
    times[round] = Number(process.hrtime.bigint() - begin)
    if (anchor === undefined) throw new TypeError('an anchor is not found')
  }
  return times
}

function instanceOf(index: number): Uint8Array {
  const instanceId = new Uint8Array(33)
  instanceId[0] = 1
  instanceId.set(sha256(Uint8Array.of(index >> 16, (index >> 8) & 0xff, index & 0xff)), 1)
  return instanceId
}

process.once('message', (job: AnchorJob) => {
  void measure(job).then((result) => process.send?.(result, () => process.disconnect()))
})
