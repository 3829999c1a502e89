import { Secret, toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import type { AttestationBench } from '../support.ts'

const now = 1_750_000_000_000
const expiresAt = now + 150_000
const submission = {
  mediaType: 'application/psa-attestation-token',
  evidence: Uint8Array.of(1, 2, 3),
  requestHash: 'aa'.repeat(32),
}

/** Sessions and used nonces. */
export function sessionCases(bench: AttestationBench): void {
  const opened = async (at: number = expiresAt) => {
    const { here, there } = bench.fresh()
    const id = toHex(bench.random.bytes(16))
    const nonce = bench.random.bytes(48)
    await here.sessions.open({ id, nonce, expiresAt: at, dialect: 'ietf-2026' })
    return { id, nonce, here: here.sessions, there: there.sessions }
  }

  describe('a session', () => {
    it('waits, is taken once, ends, and keeps what was handed in and what came of it', async () => {
      const { id, nonce, here, there } = await opened()
      const waiting = { id, nonce, expiresAt, state: 'waiting', dialect: 'ietf-2026' }
      expect(await there.find(id, now)).toEqual(waiting)
      expect(await there.claim(id, submission, now)).toEqual(waiting)
      const processing = { ...waiting, state: 'processing', submission }
      expect(await here.find(id, now)).toEqual(processing)
      const again = { ...submission, requestHash: 'bb'.repeat(32) }
      expect(await here.claim(id, again, now)).toEqual(processing)
      expect(await there.finish(id, { state: 'complete', result: 'a.b.c' })).toBe(true)
      const complete = { ...waiting, state: 'complete', submission, result: 'a.b.c' }
      expect(await here.find(id, now)).toEqual(complete)
      expect(await here.finish(id, { state: 'complete', result: 'd.e.f' })).toBe(false)
      expect(await here.finish(id, { state: 'failed' })).toBe(false)
      expect(await here.claim(id, again, now)).toEqual(complete)
    })

    it('can fail, and stays so', async () => {
      const { id, here } = await opened()
      expect(await here.finish(id, { state: 'failed' })).toBe(false)
      expect(await here.find(id, now)).toMatchObject({ state: 'waiting' })
      await here.claim(id, submission, now)
      await here.finish(id, { state: 'failed' })
      await here.finish(id, { state: 'complete', result: 'a.b.c' })
      expect(await here.find(id, now)).toMatchObject({ state: 'failed', result: undefined })
    })

    it('is gone at its time, whoever asks for it', async () => {
      const { id, here } = await opened()
      expect(await here.find(id, expiresAt - 1)).toBeDefined()
      expect(await here.find(id, expiresAt)).toBeUndefined()
      expect(await here.claim(id, submission, expiresAt)).toBeUndefined()
      expect(await here.delete(id, expiresAt)).toBe(false)
    })

    it('is deleted once, with its evidence', async () => {
      const { id, here } = await opened()
      await here.claim(id, submission, now)
      expect(await here.delete(id, now)).toBe(true)
      expect(await here.delete(id, now)).toBe(false)
      expect(await here.find(id, now)).toBeUndefined()
      expect(await here.claim(id, submission, now)).toBeUndefined()
    })

    it('of another tenant does not exist', async () => {
      const { id } = await opened()
      const { sessions } = bench.fresh().here
      expect(await sessions.find(id, now)).toBeUndefined()
      expect(await sessions.claim(id, submission, now)).toBeUndefined()
      expect(await sessions.delete(id, now)).toBe(false)
    })

    it('has an id of its own', async () => {
      const { id, nonce, here } = await opened()
      await expect(here.open({ id, nonce, expiresAt })).rejects.toMatchObject({
        code: 'LEDGER_DATABASE',
      })
    })

    it('is swept once it has expired, and not before', async () => {
      const { id, nonce, here } = await opened()
      await here.open({ id: 'later', nonce, expiresAt: expiresAt + 1 })
      expect(await here.sweep(expiresAt - 1)).toBe(0)
      expect(await here.sweep(expiresAt)).toBe(1)
      expect(await here.find(id, now)).toBeUndefined()
      expect(await here.find('later', now)).toBeDefined()
    })

    it('belongs to one of all who claim it at once', async () => {
      const { id, here, there } = await opened()
      const claims = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          (index % 2 === 0 ? here : there).claim(id, submission, now),
        ),
      )
      expect(claims.filter((claim) => claim?.state === 'waiting')).toHaveLength(1)
      expect(claims.filter((claim) => claim?.state === 'processing')).toHaveLength(15)
    })
  })

  describe('a nonce', () => {
    const use = { requestHash: 'aa'.repeat(32), expiresAt }

    it('is used once, and whoever comes second learns by which request', async () => {
      const { here, there } = bench.fresh()
      const key = bench.random.bytes(32)
      const other = { requestHash: 'bb'.repeat(32), expiresAt }
      expect(await here.seen.enter(key, use)).toBe('new')
      expect(await there.seen.enter(key, other)).toEqual({ requestHash: use.requestHash })
      expect(await bench.fresh().here.seen.enter(key, other)).toBe('new')
    })

    it('is used by one of all who use it at once', async () => {
      const { here, there } = bench.fresh()
      const key = bench.random.bytes(64)
      const uses = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          (index % 2 === 0 ? here : there).seen.enter(key, {
            requestHash: index.toString(16).padStart(64, '0'),
            expiresAt,
          }),
        ),
      )
      expect(uses.filter((answer) => answer === 'new')).toHaveLength(1)
      const named = uses.flatMap((answer) => (answer === 'new' ? [] : [answer.requestHash]))
      expect(new Set(named).size).toBe(1)
      const winner = uses.indexOf('new')
      expect(named[0]).toBe(winner.toString(16).padStart(64, '0'))
    })

    it('is forgotten once it has expired, and not before', async () => {
      const { seen } = bench.fresh().here
      const key = bench.random.bytes(32)
      await seen.enter(key, use)
      expect(await seen.sweep(expiresAt - 1)).toBe(0)
      expect(await seen.sweep(expiresAt)).toBe(1)
      expect(await seen.enter(key, use)).toBe('new')
    })

    it('is no longer than 64 octets', async () => {
      const { seen } = bench.fresh().here
      await expect(seen.enter(bench.random.bytes(65), use)).rejects.toMatchObject({
        code: 'LEDGER_DATABASE',
      })
    })
  })

  describe('a setting of the servers', () => {
    it('is shared, stored once by those who only add it, and sealed', async () => {
      const values = [3, 4].map((fill) => new Secret(new Uint8Array(32).fill(fill)))
      const [first, second] = values
      if (first === undefined || second === undefined) throw new Error('no values')
      const name = `verifier.key.${toHex(bench.random.bytes(4))}`
      expect(await bench.record.setting(name)).toBeUndefined()
      const added = await Promise.all([
        bench.record.addSetting(name, first),
        bench.rival.addSetting(name, second),
      ])
      expect(added.filter(Boolean)).toHaveLength(1)
      const winner = added[0] ? first : second
      expect((await bench.other.setting(name))?.equals(winner)).toBe(true)
      await bench.other.setSetting(name, first)
      expect((await bench.record.setting(name))?.equals(first)).toBe(true)
    })
  })
}
