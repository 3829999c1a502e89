import { join } from 'node:path'
import { clockOf, openIssuer, type RemoteIssuer } from '@keyline/cli/wiring'
import { IssuerError } from '@keyline/issuer'
import { describe, expect, it } from 'vitest'
import { keyline } from '../cli/support/keyline.ts'
import { decisionsOf, unitsIn } from '../line/support/outcome.ts'
import { runTestLine, temporaryFolder, writeOrder, type LineRun } from '../support/line.ts'
import { startTestServer, type TestServer } from './support/running-server.ts'

/** A station with an issuer that has the order, ready to run. */
async function begin(
  folder: string,
  server: TestServer,
  scheme: 'rest' | 'est' = 'rest',
): Promise<{ readonly pki: RemoteIssuer; readonly clock: ReturnType<typeof clockOf> }> {
  const officer = await server.enrol('officer', 'officer')
  const credentials = await server.enrol('station-1', 'station')
  await keyline('order', 'create', await writeOrder(folder), '--credentials', officer)
  const clock = clockOf(true)
  const pki = await openIssuer({
    address: { kind: scheme, url: server.url },
    order: { id: 'order-1', policy: 'test', product: { vendorId: 0xfff1, productId: 0x8004 } },
    credentials,
    clock,
    onWarning: () => undefined,
  })
  return { pki, clock }
}

/** The issuer of a line whose answers never arrive, though each request does. */
function losing(pki: RemoteIssuer): RemoteIssuer {
  const { issuer } = pki
  return {
    ...pki,
    issuer: {
      ...issuer,
      issue: async (request, options) => {
        await issuer.issue(request, options)
        throw new IssuerError('ISSUER_UNREACHABLE', 'the connection broke')
      },
    },
  }
}

const unreachable = (): Promise<never> =>
  Promise.reject(new IssuerError('ISSUER_UNREACHABLE', 'nobody answers'))
const noSuchCall = (): Promise<never> =>
  Promise.reject(new IssuerError('ISSUER_REFUSED', '404 without a body'))

const noticesOf = ({ events }: LineRun): readonly string[] =>
  events.flatMap((event) => (event.type === 'notice' ? [event.text] : []))

/** Certificates of all units at the server, and whether each is live. */
async function atServer(server: TestServer, folder: string): Promise<readonly string[]> {
  const records = await Promise.all(
    (await unitsIn(folder)).map(({ unit }) => server.ledger.certificateRecords(unit.id)),
  )
  return records.flat().map(({ state, unitId }) => `${unitId} ${state}`)
}

describe('a station that loses an answer of its issuer', () => {
  it('has the certificate revoked when the run ends, since no board can use it', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(join(folder.path, 'server'))
    const { pki, clock } = await begin(folder.path, server)
    const options = { folder: folder.path, boardsInMemory: true, clock }
    const lost = await runTestLine({ ...options, pki: losing(pki) })
    const [decision] = decisionsOf(lost)
    expect(decision).toMatchObject({ verdict: 'ERROR', reason: 'ISSUER_UNREACHABLE' })
    expect(await atServer(server, folder.path)).toEqual([`${decision?.unit ?? ''} void`])
    expect(noticesOf(lost)).toContainEqual(
      expect.stringMatching(/^the issuer had certificate .* it is revoked, and it counts/),
    )

    const again = await runTestLine({ ...options, pki })
    const [made] = decisionsOf(again)
    await pki.issuer.close()
    expect(made).toMatchObject({ verdict: 'PASS' })
    expect(noticesOf(again).filter((text) => text.includes('certificate'))).toEqual([])
    expect((await atServer(server, folder.path)).toSorted()).toEqual(
      [`${decision?.unit ?? ''} void`, `${made?.unit ?? ''} live`].toSorted(),
    )
    expect(await server.ledger.order('order-1')).toMatchObject({ certificatesUsed: 2 })
  })

  it('asks in the next run, when the issuer cannot be asked in this one', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(join(folder.path, 'server'))
    const { pki, clock } = await begin(folder.path, server)
    const options = { folder: folder.path, boardsInMemory: true, clock }
    const lost = await runTestLine({ ...options, pki: { ...losing(pki), recall: unreachable } })
    expect(noticesOf(lost)).toContainEqual(
      expect.stringMatching(/^what became of 1 request\(s\) .* is not known yet/),
    )
    expect(await atServer(server, folder.path)).toEqual([expect.stringMatching(/ live$/)])
    const again = await runTestLine({ ...options, pki })
    await pki.issuer.close()
    expect(decisionsOf(again)).toMatchObject([{ verdict: 'PASS' }])
    expect((await atServer(server, folder.path)).map((one) => one.split(' ')[1])).toEqual([
      'void',
      'live',
    ])
  })
})

/** Fault matrix, SER-7. */
describe('a certificate whose key a restart has lost', () => {
  it('is revoked over REST when it came over EST, and told once', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(join(folder.path, 'server'))
    const { pki, clock } = await begin(folder.path, server, 'est')
    const told: string[] = []
    const counted: RemoteIssuer = {
      ...pki,
      revoke: async (sha256, reason) => {
        await pki.revoke?.(sha256, reason)
        told.push(reason)
      },
    }
    const options = { folder: folder.path, boardsInMemory: true, clock, pki: counted }
    const fault = { slot: 1, name: 'restart-before-commit' } as const
    const run = await runTestLine({ ...options, faults: [fault] })
    expect(decisionsOf(run)).toMatchObject([{ verdict: 'PASS' }])
    expect((await atServer(server, folder.path)).map((one) => one.split(' ')[1])).toEqual([
      'void',
      'live',
    ])
    await runTestLine(options)
    await pki.issuer.close()
    expect(told).toEqual(['superseded'])
  })

  it('waits where a server speaks EST alone, and the line says so', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(join(folder.path, 'server'))
    const { pki, clock } = await begin(folder.path, server, 'est')
    const fault = { slot: 1, name: 'restart-before-commit' } as const
    const run = await runTestLine({
      folder: folder.path,
      boardsInMemory: true,
      clock,
      pki: { ...pki, revoke: noSuchCall },
      faults: [fault],
    })
    await pki.issuer.close()
    expect(decisionsOf(run)).toMatchObject([{ verdict: 'PASS' }])
    expect(noticesOf(run)).toContainEqual(
      expect.stringMatching(/^1 void certificate\(s\) .* will be told again .* ISSUER_REFUSED/),
    )
  })
})

describe('an order for which the issuer would issue nothing', () => {
  it.each([
    ['paused', 'ISSUER_ORDER_PAUSED'],
    ['closed', 'ISSUER_ORDER_CLOSED'],
  ] as const)('because it is %s is refused before a board is touched', async (state, code) => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(join(folder.path, 'server'))
    const { pki, clock } = await begin(folder.path, server, 'est')
    await (state === 'paused'
      ? server.ledger.pauseOrder('order-1')
      : server.ledger.closeOrder('order-1'))
    const events: string[] = []
    const run = runTestLine({
      folder: folder.path,
      boardsInMemory: true,
      clock,
      pki,
      onEvent: ({ type }) => events.push(type),
    })
    await expect(run).rejects.toMatchObject({ code })
    await pki.issuer.close()
    expect(events).not.toContain('run-started')
    expect(await unitsIn(folder.path)).toEqual([])
  })

  it('is no obstacle for boards that have their certificate already', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(join(folder.path, 'server'))
    const { pki, clock } = await begin(folder.path, server)
    const options = { folder: folder.path, clock, pki }
    const fault = { slot: 1, name: 'restart-after-commit' } as const
    const first = await runTestLine({ ...options, faults: [fault] })
    expect(decisionsOf(first)).toMatchObject([{ verdict: 'QUARANTINE' }])
    await server.ledger.closeOrder('order-1')
    await expect(runTestLine(options)).rejects.toMatchObject({ code: 'ISSUER_ORDER_CLOSED' })
    const second = await runTestLine({ ...options, resume: true })
    await pki.issuer.close()
    expect(decisionsOf(second)).toMatchObject([{ verdict: 'PASS' }])
    expect(noticesOf(second)).toContainEqual(
      expect.stringMatching(/^boards without a certificate will get none now: ISSUER_ORDER_CLOSED/),
    )
  })

  it('is no obstacle once all its boards are made', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(join(folder.path, 'server'))
    const { pki, clock } = await begin(folder.path, server)
    const options = { folder: folder.path, boardsInMemory: true, clock, pki }
    expect((await runTestLine(options)).summary).toMatchObject({ pass: 1, remaining: 0 })
    await server.ledger.closeOrder('order-1')
    expect((await runTestLine(options)).summary).toMatchObject({ pass: 0, remaining: 0 })
    await pki.issuer.close()
  })
})
