import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKeylineError } from '@keyline/bytes'
import { verifyAuditExport, type IssuanceEntry, type Ledger } from '@keyline/ledger'
import '../support/properties.ts'
import { scaled } from '../support/scale.ts'
import { LedgerBench } from './support/bench.ts'
import { databaseKinds } from './support/databases.ts'
import { sampleOrder } from './support/sample.ts'

/** A request among so few units, serial numbers, keys and idempotency keys that many of them meet. */
interface Asked {
  readonly unit: number
  readonly serialNumber: number
  readonly key: number
  readonly idempotencyKey: number
}

type Step =
  | { readonly kind: 'ask'; readonly together: readonly Asked[] }
  | { readonly kind: 'pause' | 'resume' | 'close' }

const few = fc.nat({ max: 5 })
const asked: fc.Arbitrary<Asked> = fc.record({
  unit: few,
  // Mostly its own: otherwise nearly all would be refused.
  serialNumber: fc.oneof({ arbitrary: fc.constant(-1), weight: 5 }, { arbitrary: few, weight: 1 }),
  key: fc.nat({ max: 30 }),
  idempotencyKey: fc.nat({ max: 12 }),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      together: fc.array(asked, { minLength: 1, maxLength: 8 }),
    }),
    weight: 8,
  },
  {
    arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const) }),
    weight: 2,
  },
  { arbitrary: fc.record({ kind: fc.constant('close' as const) }), weight: 1 },
)

/** What an order must answer, one request after the other, in the words of the specification. */
class Model {
  readonly #limit: number
  readonly #answered = new Map<number, { readonly asked: string; readonly place: number }>()
  readonly #serialNumbers = new Map<number, number>()
  readonly #keys = new Set<number>()
  state: 'open' | 'paused' | 'closed' = 'open'

  constructor(limit: number) {
    this.#limit = limit
  }

  get used(): number {
    return this.#answered.size
  }

  /** A code, or the place of the request whose certificate is the answer. */
  answer(request: Asked, place: number): string | number {
    const { unit, key, idempotencyKey } = request
    const earlier = this.#answered.get(idempotencyKey)
    if (earlier !== undefined) {
      return earlier.asked === JSON.stringify(request) ? earlier.place : 'LEDGER_IDEMPOTENCY'
    }
    if (this.state !== 'open') return `LEDGER_ORDER_${this.state.toUpperCase()}`
    if (this.used === this.#limit) return 'LEDGER_QUOTA'
    const serialNumber = serialNumberOf(request)
    const known = this.#serialNumbers.get(unit)
    if (known === undefined && [...this.#serialNumbers.values()].includes(serialNumber)) {
      return 'LEDGER_SERIAL_TAKEN'
    }
    if (known !== undefined && known !== serialNumber) return 'LEDGER_UNIT_DIFFERS'
    if (this.#keys.has(key)) return 'LEDGER_KEY_TAKEN'
    this.#serialNumbers.set(unit, serialNumber)
    this.#keys.add(key)
    this.#answered.set(idempotencyKey, { asked: JSON.stringify(request), place })
    return place
  }
}

function serialNumberOf({ unit, serialNumber }: Asked): number {
  return serialNumber === -1 ? unit : serialNumber
}

describe.each(databaseKinds)('any order of requests on $name', ({ name, create }) => {
  const bench = new LedgerBench(create(), `issuing model on ${name}`)
  bench.register()

  it('is answered as if they came one by one, however many come together', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 16 }),
        fc.integer({ min: 1, max: 12 }),
        async (steps, limit) => {
          const orderId = `order-of-run-${++run}`
          await bench.ledger.createOrder(
            sampleOrder({ id: orderId, quantity: 1, certificateLimit: limit }),
          )
          const model = new Model(limit)
          const entries: IssuanceEntry[] = []
          for (const each of steps) {
            if (each.kind === 'ask') {
              const due: (string | number)[] = []
              const group = each.together.map((request) => {
                const entry = entryOf(orderId, request)
                due.push(model.answer(request, entries.length))
                entries.push(entry)
                return entry
              })
              expect(await answersOf(bench.ledger, group, entries)).toEqual(due)
            } else {
              await moveOrder(bench.ledger, orderId, each.kind, model)
            }
          }
          expect(await bench.ledger.order(orderId)).toMatchObject({
            state: model.state,
            certificatesUsed: model.used,
          })
        },
      ),
      { numRuns: scaled(12, 400) },
    )
    const lines: string[] = []
    const head = await bench.ledger.exportAudit((line) => void lines.push(line))
    expect((await verifyAuditExport(lines, [head])).findings).toEqual([])
  })

  /** Values of one run are never those of another: all runs share a ledger. */
  function entryOf(orderId: string, request: Asked): IssuanceEntry {
    const { unit, key, idempotencyKey } = request
    return bench.samples.entry(`${orderId}-unit-${unit}`, {
      orderId,
      idempotencyKey: `${orderId}-${idempotencyKey}`,
      requestHash: JSON.stringify(request),
      spkiSha256: `${orderId}-key-${key}`,
      stationId: 'line-1',
      identity: { serialNumber: `${orderId}-${serialNumberOf(request)}` },
    })
  }
})

/** Codes, and for certificates the place of the entry that they were recorded with. */
async function answersOf(
  ledger: Ledger,
  group: readonly IssuanceEntry[],
  entries: readonly IssuanceEntry[],
): Promise<readonly (string | number)[]> {
  const settled = await Promise.allSettled(group.map((entry) => ledger.record(entry)))
  return settled.map((one) => {
    if (one.status === 'rejected') return isKeylineError(one.reason) ? one.reason.code : 'unknown'
    const { certificate } = one.value
    return entries.findIndex((entry) => Buffer.compare(entry.certificate, certificate) === 0)
  })
}

async function moveOrder(
  ledger: Ledger,
  orderId: string,
  kind: 'pause' | 'resume' | 'close',
  model: Model,
): Promise<void> {
  const isClosed = model.state === 'closed'
  if (kind === 'close') {
    await ledger.closeOrder(orderId)
    model.state = 'closed'
    return
  }
  const moved = kind === 'pause' ? ledger.pauseOrder(orderId) : ledger.resumeOrder(orderId)
  if (isClosed) {
    await expect(moved).rejects.toMatchObject({ code: 'LEDGER_ORDER_CLOSED' })
    return
  }
  await moved
  model.state = kind === 'pause' ? 'paused' : 'open'
}
