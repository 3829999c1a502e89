import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isRetryable } from '@keyline/bytes'
import { importCorim, verifyEvidence } from '@keyline/verifier'
import {
  deviceCorim,
  deviceImplementation,
  deviceNonce as nonce,
  deviceTime as time,
  verifiedDevice,
} from '../../support/verified-device.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { instanceOf } from './cases/samples.ts'
import { openRecord } from './support.ts'

const one = verifiedDevice(1)

/** Whatever becomes of the database, no device is judged by what is not known (ATT-2, STO-5, STO-6). */
describe('a record whose PostgreSQL', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())

  it(
    'is killed could not check, within its bound, and goes on by itself',
    { timeout: 60_000 },
    async () => {
      await using record = await openRecord(
        { kind: 'postgres', url: await server.freshDatabase() },
        { pollMs: 20, staleAfterMs: 300 },
      )
      const { trust, endorsements, sessions, seen, policies } = record.tenant('0')
      await importCorim(deviceCorim([one]), endorsements, { time })
      const token = await one.token()
      const outcome = async () =>
        (await verifyEvidence(token, { store: trust, nonce, time })).outcome
      expect(await outcome()).toBe('genuine')
      await server.halt()
      // What is in memory is good for the bound, and for no longer.
      const seenOutcomes = new Set<string>()
      await expect
        .poll(
          async () => {
            const now = await outcome()
            seenOutcomes.add(now)
            return now
          },
          { timeout: 10_000, interval: 10 },
        )
        .toBe('could-not-check')
      expect(seenOutcomes).not.toContain('contraindicated')
      const now = Date.now()
      const submission = { mediaType: 'a/b', evidence: new Uint8Array(1), requestHash: 'aa' }
      const calls: readonly (() => unknown)[] = [
        () => trust.findAnchor(deviceImplementation, one.instanceId),
        () => trust.findAnchor(deviceImplementation, instanceOf('nobody')),
        () => trust.referencesOf(deviceImplementation),
        () => trust.certificationsOf(deviceImplementation),
        () => trust.certificateTrust(),
        () => policies.active('PSA_IOT'),
        () => endorsements.begin({ id: 'batch' }),
        () => endorsements.setState(one.instanceId, 'revoked'),
        () => sessions.find('id', now),
        () => sessions.claim('id', submission, now),
        () => seen.enter(new Uint8Array(32), { requestHash: 'aa', expiresAt: now }),
        () => record.credentials.findName('nobody'),
        () => record.ping(),
      ]
      for (const call of calls) {
        const error: unknown = await Promise.resolve(call()).catch((reason: unknown) => reason)
        expect(error).toMatchObject({
          code: expect.stringMatching(/^LEDGER_(UNAVAILABLE|STALE)$/),
          fault: 'infrastructure',
        })
        expect(isRetryable(error)).toBe(true)
      }
      await server.start()
      await expect.poll(outcome, { timeout: 20_000, interval: 20 }).toBe('genuine')
      await record.ping()
    },
  )

  it(
    'has two connections for 200 callers answers all of them with the truth',
    { timeout: 60_000 },
    async () => {
      const url = await server.freshDatabase()
      await using record = await openRecord({ kind: 'postgres', url, connections: 2 })
      const { trust, endorsements, sessions } = record.tenant('0')
      const devices = Array.from({ length: 20 }, (_, index) => verifiedDevice(100 + index))
      await importCorim(deviceCorim(devices), endorsements, { time })
      const callers = Array.from({ length: 200 }, async (_, index) => {
        const device = devices[index % devices.length]
        if (device === undefined) throw new Error('no device')
        // Nothing may come from memory: each asks the database.
        trust.forgetAll()
        await sessions.open({ id: `session ${index}`, nonce, expiresAt: Date.now() + 60_000 })
        const { outcome } = await verifyEvidence(await device.token(), {
          store: trust,
          nonce,
          time,
        })
        return outcome
      })
      const outcomes = new Set(await Promise.all(callers))
      expect(outcomes).not.toContain('contraindicated')
      expect(outcomes).toContain('genuine')
    },
  )
})
