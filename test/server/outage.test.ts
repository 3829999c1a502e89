import { systemClock, toBase64 } from '@keyline/bytes'
import { LedgerError, type Ledger } from '@keyline/ledger'
import { afterEach, describe, expect, it } from 'vitest'
import { deferred, member, type Client, type Reply } from './support/call.ts'
import { requestOf } from './support/request.ts'
import { startService, type ServiceOptions, type TestService } from './support/service.ts'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]()
})

async function started(options: ServiceOptions = {}): Promise<TestService> {
  const service = await startService(options)
  open.push(service)
  return service
}

async function issue(client: Client, key: string): Promise<Reply> {
  const csr = toBase64(await requestOf())
  return client.call({
    method: 'POST',
    path: '/v1/orders/O-1/dac',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ unit: `U-${key}`, serialNumber: `SN-${key}`, csr }),
  })
}

const codeOf = ({ text }: Reply): unknown => member(text, 'code')

describe('a store that is gone', () => {
  it('is 503 with a time to wait for every member, and never a no', async () => {
    let isGone = false
    const gone = (): void => {
      if (isGone) throw new LedgerError('LEDGER_UNAVAILABLE', 'the database does not answer')
    }
    const service = await started({
      around: (ledger) => failing(ledger, gone),
      issuing: (issuer) => ({
        issue: async (call) => {
          gone()
          return issuer.issue(call)
        },
      }),
    })
    const client = await service.member('s1', 'station')
    expect((await issue(client, 'before')).status).toBe(201)
    isGone = true
    const refused = await issue(client, 'during')
    expect([refused.status, codeOf(refused)]).toEqual([503, 'ISSUER_STORE_DOWN'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    const stranger = await service.member('s2', 'station').catch((error: unknown) => String(error))
    expect(stranger).toContain('ISSUER_STORE_DOWN')
    isGone = false
    expect((await issue(client, 'after')).status).toBe(201)
    expect((await service.ledger.order('O-1'))?.certificatesUsed).toBe(2)
  })

  it('and a signer that is gone make the server not ready, until they are back', async () => {
    const away = { store: false, signer: false }
    const skipped = { ms: 0 }
    const service = await started({
      clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + skipped.ms },
      around: (ledger) =>
        failing(ledger, () => {
          if (away.store) throw new LedgerError('LEDGER_UNAVAILABLE', 'gone')
        }),
      signing: (signer) => ({
        publicKey: signer.publicKey,
        sign: async (message) => {
          if (away.signer) throw new Error('the module was pulled out')
          return signer.sign(message)
        },
      }),
    })
    const client = service.client()
    const ready = async (): Promise<readonly unknown[]> => {
      skipped.ms += 1_000
      const reply = await client.call({ path: '/readyz' })
      return reply.status === 200
        ? [200]
        : [reply.status, codeOf(reply), member(reply.text, 'detail')]
    }
    expect(await ready()).toEqual([200])
    away.store = true
    expect(await ready()).toEqual([503, 'SERVER_NOT_READY', expect.stringContaining('the store')])
    away.store = false
    away.signer = true
    expect(await ready()).toEqual([503, 'SERVER_NOT_READY', expect.stringContaining('the signer')])
    const station = await service.member('s1', 'station')
    const refused = await issue(station, 'k')
    expect([refused.status, codeOf(refused)]).toEqual([503, 'ISSUER_SIGNER_FAILED'])
    expect((await client.call({ path: '/healthz' })).status).toBe(200)
    away.signer = false
    expect(await ready()).toEqual([200])
  })
})

describe('a server that stops', () => {
  it('lets what is in flight end, and takes nothing new', async () => {
    const [entered, gate] = [deferred<void>(), deferred<void>()]
    const service = await started({
      issuing: (issuer) => ({
        issue: async (call) => {
          entered.resolve()
          await gate.promise
          return issuer.issue(call)
        },
      }),
    })
    const client = await service.member('s1', 'station')
    const waiting = service.client()
    await waiting.call({ path: '/healthz' })
    const inFlight = issue(client, 'k1')
    await entered.promise
    const stopped = service.server.stop(5_000)
    await expect(service.client().call({ path: '/healthz' })).rejects.toThrow(/ECONNREFUSED/)
    gate.resolve()
    const reply = await inFlight
    expect([reply.status, reply.headers['connection']]).toEqual([201, 'close'])
    await stopped
    expect(service.log.some((line) => line.includes('"stopped"'))).toBe(true)
  })

  it('cuts off what does not end in time', async () => {
    const entered = deferred<void>()
    const service = await started({
      issuing: () => ({
        issue: (_, { signal } = {}) => {
          entered.resolve()
          return new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(new Error('aborted')))
          })
        },
      }),
    })
    const client = await service.member('s1', 'station')
    const inFlight = issue(client, 'k1').then(
      () => 'answered',
      () => 'cut off',
    )
    await entered.promise
    await service.server.stop(50)
    expect(await inFlight).toBe('cut off')
  })
})

/** The same ledger, every look at members, orders and health preceded by a check. */
function failing(
  ledger: Ledger,
  check: () => void,
): ReturnType<NonNullable<ServiceOptions['around']>> {
  const checked = <Arguments extends readonly unknown[], Result>(
    act: (...args: Arguments) => Promise<Result>,
  ): ((...args: Arguments) => Promise<Result>) => {
    return async (...args) => {
      check()
      return act(...args)
    }
  }
  const { members } = ledger
  const checkedMembers = {
    invite: checked((input: Parameters<typeof members.invite>[0]) => members.invite(input)),
    enrol: checked((input: Parameters<typeof members.enrol>[0]) => members.enrol(input)),
    renew: checked((input: Parameters<typeof members.renew>[0]) => members.renew(input)),
    block: checked((name: string, reason: string) => members.block(name, reason)),
    unblock: checked((name: string) => members.unblock(name)),
    get: checked((name: string) => members.get(name)),
    byKey: checked((key: string) => members.byKey(key)),
    list: checked(() => members.list()),
  }
  const acting = {
    createOrder: checked((order: Parameters<Ledger['createOrder']>[0]) =>
      ledger.createOrder(order),
    ),
    pauseOrder: checked((id: string) => ledger.pauseOrder(id)),
    resumeOrder: checked((id: string) => ledger.resumeOrder(id)),
    closeOrder: checked((id: string) => ledger.closeOrder(id)),
    members: checkedMembers,
    revocation: ledger.revocation,
  }
  return {
    ...acting,
    as: () => acting,
    order: checked((id: string) => ledger.order(id)),
    orders: checked(() => ledger.orders()),
    certificate: checked((sha256: string) => ledger.certificate(sha256)),
    issued: checked((idempotencyKey: string) => ledger.issued(idempotencyKey)),
    exportAudit: checked((write: (line: string) => Promise<void> | void) =>
      ledger.exportAudit(write),
    ),
    ping: checked(() => ledger.ping()),
  }
}
