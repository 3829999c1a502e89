import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadSqlite } from '../../../packages/ledger/src/database/sqlite-driver.ts'
import { temporaryFolder } from '../../support/line.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import {
  drawNonce,
  member,
  openSession,
  submit,
  verify,
  type Reply,
} from '../../support/verifier-service.ts'
import type { VerifiedDevice } from '../../support/verified-device.ts'
import { Fleet } from './fleet.ts'
import { Judge } from './judge.ts'
import { VerifierNode } from './node.ts'
import { deadline } from './outage-bench.ts'

const clients = 200
const settings = {
  nonce: { singleUse: true },
  limits: { running: 16, waiting: 64 },
} as const

/** All at once: one half in one request, the other half in sessions; each is answered once. */
async function crowd(node: VerifierNode, fleet: Fleet, judge: Judge): Promise<readonly Reply[]> {
  const devices = fleet.of('genuine')
  const answers = Array.from({ length: clients }, async (_, index): Promise<Reply> => {
    const device = devices[index % devices.length]
    if (device === undefined) throw new Error('the fleet has no genuine device')
    const ask = index % 2 === 0 ? inOneRequest : inSession
    const reply = await ask(node, device)
    judge.verdict('one of a crowd', 'genuine', reply)
    return reply
  })
  return Promise.all(answers)
}

async function inOneRequest(node: VerifierNode, device: VerifiedDevice): Promise<Reply> {
  const nonce = await drawNonce(node)
  return verify(node, nonce, await device.token({ nonce }))
}

/** The answer to the evidence, or to the wish for a session where none was given. */
async function inSession(node: VerifierNode, device: VerifiedDevice): Promise<Reply> {
  let opened: Reply | undefined
  const call: VerifierNode['call'] = async (asked) => (opened = await node.call(asked))
  try {
    const { path, nonce } = await openSession({ call })
    return await submit(node, path, await device.token({ nonce }))
  } catch (error) {
    if (opened === undefined || opened.status === 201) throw error
    return opened
  }
}

/** Every answer is a right verdict, or says when to come again. */
function expectFair(replies: readonly Reply[], judge: Judge): void {
  expect(judge.wrong).toEqual([])
  expect(judge.right.genuine + judge.unchecked).toBe(clients)
  for (const { status, headers, json } of replies) {
    if (status === 200) continue
    expect([503, member(json, 'code')]).toEqual([status, 'unavailable'])
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  }
}

describe('200 clients on a pool of two connections to PostgreSQL', () => {
  let server: TestPostgres
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())

  it('are all answered, none with a negative verdict, and the queue is bounded', async () => {
    const url = await server.freshDatabase()
    const database = { kind: 'postgres', url, connections: 2 } as const
    await using node = await VerifierNode.start(database, { settings })
    const fleet = new Fleet(8)
    await fleet.enter(node.record)
    const judge = new Judge()
    const replies = await crowd(node, fleet, judge)
    expectFair(replies, judge)
    expect(judge.right.genuine).toBeGreaterThan(0)
    expect(await node.ready()).toBe(200)
  })
})

describe('200 clients on a SQLite file', () => {
  it('that another process has locked are answered, none with a negative verdict, and served after it', async () => {
    await using folder = await temporaryFolder('keyline-locked')
    const file = join(folder.path, 'record.db')
    await using node = await VerifierNode.start({ kind: 'sqlite', file }, { settings })
    const fleet = new Fleet(8)
    await fleet.enter(node.record)
    const open = await loadSqlite()
    const other = open(file, 0)
    other.prepare('begin exclusive').run([])
    const judge = new Judge()
    const crowded = crowd(node, fleet, judge)
    let isOver = false
    const over = crowded.finally(() => (isOver = true))
    expect((await node.call({ path: '/healthz' })).status).toBe(200)
    expect(isOver).toBe(false)
    await over
    expectFair(await crowded, judge)
    expect(judge.right.genuine).toBe(0)
    other.prepare('rollback').run([])
    other.close()
    const after = new Judge()
    await expect
      .poll(async () => {
        await crowd(node, fleet, after)
        return after.right.genuine
      }, deadline)
      .toBeGreaterThan(0)
    expect(after.wrong).toEqual([])
  })
})
