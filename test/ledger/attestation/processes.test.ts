import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LedgerLocation } from '@keyline/ledger'
import { scaled } from '../../support/scale.ts'
import { databaseKinds, openRaw } from '../support/databases.ts'
import { implementationId, instanceOf } from './cases/samples.ts'
import { startWork, type WorkingChild } from './child-work.ts'
import { openRecord } from './support.ts'

const now = 1_750_000_000_000

/** Sessions that more than one process says it has got, and those that nobody has. */
function unfair(sessions: readonly string[], got: readonly string[]): readonly string[] {
  const times = (id: string): number => got.filter((one) => one === id).length
  return sessions.filter((id) => times(id) !== 1)
}

/** Lets children work once all of them are there; gives what they have said. */
async function together(children: readonly WorkingChild[]): Promise<readonly string[]> {
  const said = await Promise.all(
    children.map(async (child) => {
      const lines: string[] = []
      for await (const line of child.lines) {
        if (line === 'ready') child.process.stdin?.write('go\n')
        else lines.push(line)
      }
      expect(await child.ended).toBe(0)
      return lines
    }),
  )
  return said.flat()
}

describe.each(databaseKinds)('processes that share the record on $name', ({ name, create }) => {
  const databases = create()
  let location: LedgerLocation
  beforeAll(async () => {
    await databases.start()
    location = await databases.fresh()
  })
  afterAll(() => databases.stop())

  it('get each session once, by whichever of them', { timeout: 60_000 }, async () => {
    await using record = await openRecord(location)
    const sessions = Array.from({ length: scaled(60, 2000) }, (_, index) => `session ${index}`)
    for (const id of sessions) {
      await record.tenant('0').sessions.open({
        id,
        nonce: new Uint8Array(32),
        expiresAt: now + 1000,
      })
    }
    const work = { work: 'claim', database: location, sessions, now } as const
    const said = await together(
      ['aa', 'bb'].map((hash) => startWork({ ...work, requestHash: hash.repeat(32) })),
    )
    const got = said.map((line) => line.replace(/^got /, ''))
    expect(unfair(sessions, got)).toEqual([])
  })

  it('would get a session twice if it was read and then written (control)', async () => {
    await using record = await openRecord(location)
    const id = `control on ${name}`
    const { sessions } = record.tenant('0')
    await sessions.open({ id, nonce: new Uint8Array(32), expiresAt: now + 1000 })
    await using raw = await openRaw(location)
    const claims = await Promise.all(
      ['aa', 'bb'].map(async (requestHash) => {
        const found = await sessions.find(id, now)
        return found?.state === 'waiting' ? requestHash : undefined
      }),
    )
    for (const request_hash of claims) {
      await raw.database.kysely
        .updateTable('attestation_session')
        .set({ state: 'processing', evidence: new Uint8Array(1), request_hash })
        .where('id', '=', id)
        .execute()
    }
    const got = claims.flatMap((claim) => (claim === undefined ? [] : [id]))
    expect(unfair([id], got)).toEqual([id])
  })

  it(
    'leave nothing of an import that was killed, and the next one goes on',
    { timeout: 60_000 },
    async () => {
      const tenant = 'killed'
      for (let round = 0; round < scaled(1, 10); round++) {
        const child = startWork({ work: 'import', database: location, tenant })
        const wanted = `placed ${100 * (1 + 7 * round)}`
        for await (const line of child.lines) {
          if (line === 'ready') child.process.stdin?.write('go\n')
          if (line === wanted) child.process.kill('SIGKILL')
        }
        expect(await child.ended).toBe('SIGKILL')
      }
      await using record = await openRecord(location)
      const { trust, endorsements } = record.tenant(tenant)
      expect(await trust.preload()).toBe(0)
      const transaction = await endorsements.begin({ id: 'next' })
      const { instanceId, key } = {
        instanceId: instanceOf('endless 0'),
        key: { type: 'ec', curve: 'P-256', point: new Uint8Array(64).fill(1) } as const,
      }
      const anchor = { implementationId, instanceId, key }
      expect(await transaction.addAnchor(anchor, { replace: false })).toBe('added')
      await transaction.commit()
      await using raw = await openRaw(location)
      const sources = await raw.database.kysely
        .selectFrom('endorsement_source')
        .select(['corim_id', 'number'])
        .where('tenant', '=', tenant)
        .execute()
      expect(sources).toEqual([{ corim_id: 'next', number: 1 }])
    },
  )
})
