import { afterEach, describe, expect, it } from 'vitest'
import { createLog, startServer, type RunningServer } from '@keyline/server'
import { keyPairSigner } from '@keyline/crypto'
import { systemClock, systemRandom, type Clock } from '@keyline/bytes'
import { member } from './support/call.ts'
import { startService, type TestService } from './support/service.ts'

/** A clock whose monotonic time a test moves ahead. */
function movableClock(): Clock & { skip: (ms: number) => void } {
  let ahead = 0
  return {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + ahead,
    skip: (ms) => {
      ahead += ms
    },
  }
}

/** A second server of the same ledger. */
function secondServer(service: TestService, clock: Clock): Promise<RunningServer> {
  const { pki, ledger, serviceCa } = service
  return startServer(
    {
      ledger,
      issuer: { issue: () => Promise.reject(new Error('not asked')) },
      signer: keyPairSigner(pki.pai.keyPair),
      pai: pki.pai.certificate,
      paa: pki.paa.certificate,
      serviceCa,
      policy: 'test',
      clock,
      random: systemRandom,
      log: createLog({ write: () => undefined }),
    },
    { host: '127.0.0.1', port: 0, hostNames: ['localhost'] },
  )
}

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]()
})

describe('a blocked member', () => {
  it('is refused at once by the server that blocks it, and within two seconds by every other', async () => {
    const clock = movableClock()
    const service = await startService({ clock })
    open.push(service)
    const other = await secondServer(service, clock)
    open.push({ [Symbol.asyncDispose]: () => other.stop() })

    const owner = await service.member('boss', 'owner')
    const credentials = await service.enrol('s1', 'station')
    const [here, there] = [service.client(credentials), service.client(credentials, other)]
    for (const client of [here, there]) {
      expect((await client.call({ path: '/v1/orders' })).status).toBe(200)
    }
    const blocked = await owner.call({
      method: 'POST',
      path: '/v1/members/s1/block',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'stolen' }),
    })
    expect(member(blocked.text, 'state')).toBe('blocked')

    const refused = await here.call({ path: '/v1/orders' })
    expect([refused.status, member(refused.text, 'code')]).toEqual([403, 'SERVER_MEMBER_BLOCKED'])
    clock.skip(2_000)
    const alsoRefused = await there.call({ path: '/v1/orders' })
    expect([alsoRefused.status, member(alsoRefused.text, 'code')]).toEqual([
      403,
      'SERVER_MEMBER_BLOCKED',
    ])

    await owner.call({ method: 'POST', path: '/v1/members/s1/unblock' })
    expect((await here.call({ path: '/v1/orders' })).status).toBe(200)
  })
})
