import { KeylineError, type ErrorTable } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { MemoryIssuanceStore } from '../testing/memory-store.ts'
import { csrOf, testLine, today } from '../testing/test-line.ts'
import type { IssuanceOrder, IssuanceProspect, IssuanceQuestion } from './issuance-store.ts'
import type { DacRequest } from './local-issuer.ts'

const request = async (changed: Partial<DacRequest> = {}): Promise<DacRequest> => ({
  orderId: 'O-1',
  unitId: 'U-1',
  idempotencyKey: 'K-1',
  csr: await csrOf(),
  ...changed,
})

const now = today.getTime()

/** A store that looks ahead through rose-coloured glasses: the record alone refuses. */
class HopefulStore extends MemoryIssuanceStore {
  override async prospect(question: IssuanceQuestion): Promise<IssuanceProspect> {
    const { order, ...prospect } = await super.prospect(question)
    const { orderId, vendorId, productId, policy } = order ?? never()
    const limits = { state: 'open', certificateLimit: 9, certificatesUsed: 0 } as const
    return { ...prospect, order: { orderId, vendorId, productId, policy, ...limits } }
  }
}

function never(): never {
  throw new Error('the order is there')
}

describe('an order that gives no certificate now', () => {
  it.each<[string, Partial<IssuanceOrder>, string | undefined]>([
    ['ISSUER_ORDER_PAUSED', { state: 'paused' }, 'line-1'],
    ['ISSUER_ORDER_CLOSED', { state: 'closed' }, 'line-1'],
    ['ISSUER_ORDER_WINDOW', { opens: now + 1 }, 'line-1'],
    ['ISSUER_ORDER_WINDOW', { closes: now }, 'line-1'],
    ['ISSUER_STATION_REFUSED', { stations: ['line-1'] }, 'line-2'],
    ['ISSUER_STATION_REFUSED', { stations: ['line-1'] }, undefined],
    ['ISSUER_QUOTA_REACHED', { certificateLimit: 0 }, 'line-1'],
  ])('says %s, early and in the record: %j', async (code, order, stationId) => {
    for (const store of [new MemoryIssuanceStore(() => now), new HopefulStore(() => now)]) {
      const { issuer } = await testLine({ store })
      store.addOrder({ orderId: 'O-1', ...order })
      await expect(issuer.issue(await request({ stationId }))).rejects.toMatchObject({
        code,
        fault: 'operator',
      })
      expect(store.entries()).toEqual([])
    }
  })

  it('gives one to its stations from the first moment to the last before its end', async () => {
    const store = new MemoryIssuanceStore(() => now)
    const { issuer } = await testLine({ store })
    store.addOrder({ orderId: 'O-1', opens: now, closes: now + 1, stations: ['line-0', 'line-1'] })
    await issuer.issue(await request({ stationId: 'line-1' }))
    expect(store.entries()).toMatchObject([{ stationId: 'line-1' }])
  })
})

describe('a unit of another ledger', () => {
  const identity = { serialNumber: 'FAR-1', boardUid: 'aa' }

  it('is named by what it says of itself, and recorded with it', async () => {
    const { issuer, store } = await testLine()
    const asked = await request({ unitId: 'far-1', identity })
    expect(await issuer.issue(asked)).toMatchObject({ replayed: false })
    expect(await issuer.issue(asked)).toMatchObject({ replayed: true })
    expect(store.entries()).toMatchObject([{ unitId: 'far-1', identity }])
  })

  it('is another request when it says something else of itself', async () => {
    const { issuer } = await testLine()
    const asked = await request({ unitId: 'far-1', identity })
    await issuer.issue(asked)
    for (const other of [{ ...identity, boardUid: 'bb' }, { serialNumber: 'FAR-1' }, undefined]) {
      await expect(issuer.issue({ ...asked, identity: other })).rejects.toMatchObject({
        code: 'ISSUER_IDEMPOTENCY_CONFLICT',
      })
    }
  })
})

const storeErrors = {
  LEDGER_BUSY: { fault: 'infrastructure', meaning: '', remedy: 'wait', retryable: true },
  LEDGER_UNAVAILABLE: { fault: 'infrastructure', meaning: '', remedy: 'wait', retryable: true },
  LEDGER_FULL: { fault: 'infrastructure', meaning: '', remedy: 'make room' },
  LEDGER_QUOTA: { fault: 'operator', meaning: '', remedy: 'ask' },
  LEDGER_KEY_TAKEN: { fault: 'operator', meaning: '', remedy: 'look' },
  LEDGER_ORDER_PAI: { fault: 'operator', meaning: '', remedy: 'look' },
  LEDGER_BOARD_TAKEN: { fault: 'operator', meaning: '', remedy: 'look' },
} as const satisfies ErrorTable

describe('a refusal of the record', () => {
  it.each([
    ['LEDGER_BUSY', 'ISSUER_STORE_DOWN', true],
    ['LEDGER_UNAVAILABLE', 'ISSUER_STORE_DOWN', true],
    ['LEDGER_FULL', 'ISSUER_STORE_DOWN', true],
    ['LEDGER_QUOTA', 'ISSUER_QUOTA_REACHED', false],
    ['LEDGER_KEY_TAKEN', 'ISSUER_KEY_KNOWN', false],
    ['LEDGER_ORDER_PAI', 'ISSUER_PAI_ROTATED', false],
    ['LEDGER_BOARD_TAKEN', 'LEDGER_BOARD_TAKEN', false],
  ] as const)('%s is told as %s', async (refusal, code, retryable) => {
    const error = new KeylineError(storeErrors, refusal, 'the reason')
    class Refusing extends MemoryIssuanceStore {
      override record(): Promise<never> {
        return Promise.reject(error)
      }
    }
    const { issuer } = await testLine({ store: new Refusing() })
    await expect(issuer.issue(await request())).rejects.toMatchObject({
      code,
      retryable,
      message: 'the reason',
      ...(code === 'LEDGER_BOARD_TAKEN' ? {} : { cause: error }),
    })
  })

  it('to look ahead is the store’s trouble, and not a verdict on the board', async () => {
    class Away extends MemoryIssuanceStore {
      override prospect(): Promise<never> {
        return Promise.reject(new KeylineError(storeErrors, 'LEDGER_UNAVAILABLE', 'away'))
      }
    }
    const { issuer } = await testLine({ store: new Away() })
    for (const csr of [await csrOf(), Uint8Array.of(0x30)]) {
      await expect(issuer.issue(await request({ csr }))).rejects.toMatchObject({
        code: 'ISSUER_STORE_DOWN',
        fault: 'infrastructure',
      })
    }
  })
})
