import { createHash } from 'node:crypto'
import { seededRandom, systemRandom, toBase64, type Clock } from '@keyline/bytes'
import { clockOf, type RemoteIssuer } from '@keyline/cli/wiring'
import { createLocalIssuer, IssuerError, type DacRequest } from '@keyline/issuer'
import {
  checkedIssuer,
  createRestIssuer,
  type DacChain,
  type HttpAnswer,
  type HttpRequest,
} from '@keyline/issuer/client'
import { describe, expect, it } from 'vitest'
import { MemoryIssuanceStore } from '../../packages/issuer/src/testing/memory-store.ts'
import { decisionsOf, liveCertificates, unitsIn } from '../line/support/outcome.ts'
import { runTestLine, temporaryFolder, testPki } from '../support/line.ts'

type Serve = (request: HttpRequest) => Promise<HttpAnswer>

/** A server without a network: an issuer with its own record behind the REST form. */
async function serverOf(clock: Clock): Promise<{ serve: Serve; store: MemoryIssuanceStore }> {
  const store = new MemoryIssuanceStore()
  store.addOrder({ orderId: 'order-1', certificateLimit: 100 })
  const { signer, pai, paa } = await testPki()
  const random = systemRandom
  const issuer = await createLocalIssuer({ store, signer, pai, paa, clock, random })
  return {
    store,
    serve: ({ headers, body }) =>
      clock.during(async () => {
        const request = requestOf(headers?.['idempotency-key'] ?? '', body)
        return answerOf(201, await issuer.issue(request))
      }),
  }
}

function requestOf(idempotencyKey: string, body: Uint8Array = new Uint8Array()): DacRequest {
  const asked: { unit: string; csr: string; serialNumber: string; board: string } = JSON.parse(
    new TextDecoder().decode(body),
  )
  return {
    orderId: 'order-1',
    unitId: asked.unit,
    idempotencyKey,
    csr: Uint8Array.from(Buffer.from(asked.csr, 'base64')),
    identity: { serialNumber: asked.serialNumber, boardUid: asked.board },
  }
}

function answerOf(status: number, chain?: DacChain, retryAfter?: string): HttpAnswer {
  const body =
    chain === undefined
      ? {}
      : { dac: toBase64(chain.dac), pai: toBase64(chain.pai), paa: toBase64(chain.paa) }
  const headers: Readonly<Record<string, string | undefined>> = {
    'content-type': chain === undefined ? 'application/problem+json' : 'application/json',
    'retry-after': retryAfter,
  }
  return {
    status,
    header: (name) => headers[name],
    body: new TextEncoder().encode(JSON.stringify(body)),
  }
}

/** The issuer of a line over a transport that is one function. */
async function remote(clock: Clock, exchange: Serve): Promise<RemoteIssuer> {
  const { pai, paa } = await testPki()
  const transport = { exchange, close: () => undefined }
  const client = createRestIssuer({ transport, clock, random: seededRandom('line') })
  const order = { vendorId: 0xfff1, productId: 0x8004 }
  return { pai, paa, issuer: checkedIssuer(client, { pai, paa, clock, ...order }) }
}

/** Each board begins at another of so many faults, and meets all that follow. */
const faults = 3

const lost = async (): Promise<never> =>
  Promise.reject(new IssuerError('ISSUER_UNREACHABLE', 'the connection broke'))

describe('a line whose issuer is elsewhere', () => {
  /** Fault matrix, PKI-3, PKI-4 and PKI-5. */
  it('passes every board when answers are lost after the commit, delayed or put off', async () => {
    await using folder = await temporaryFolder()
    const clock = clockOf(true)
    const { serve, store } = await serverOf(clock)
    const triesOf = new Map<string, number>()
    const pki = await remote(clock, async (request) => {
      const key = request.headers?.['idempotency-key'] ?? ''
      const tries = (triesOf.get(key) ?? triesOf.size % faults) + 1
      triesOf.set(key, tries)
      switch (tries) {
        case 1:
          return answerOf(503, undefined, '1')
        case 2:
          await serve(request)
          return lost()
        case 3:
          return answerOf(429, undefined, 'Mon, 01 Jan 2099 00:00:00 GMT')
        case 4:
          await clock.sleep(2_000)
          await serve(request)
          return lost()
        default:
          return serve(request)
      }
    })
    const run = await runTestLine({
      folder: folder.path,
      quantity: 6,
      slots: 3,
      boardsInMemory: true,
      clock,
      pki,
    })
    expect(decisionsOf(run).map(({ verdict }) => verdict)).toEqual(Array(6).fill('PASS'))
    expect(triesOf.size).toBe(6)
    const own = (await unitsIn(folder.path)).flatMap(({ certificates }) => certificates)
    const entries = store.entries()
    expect(entries).toHaveLength(6)
    expect(new Set(own.map(({ certificate }) => toBase64(certificate)))).toEqual(
      new Set(entries.map(({ certificate }) => toBase64(certificate))),
    )
  })

  /** Fault matrix, PKI-1. */
  it('ends in ERROR while the board still waits, with nothing used up, when nobody answers', async () => {
    await using folder = await temporaryFolder()
    const clock = clockOf(true)
    let tries = 0
    const pki = await remote(clock, () => {
      tries++
      return lost()
    })
    const run = await runTestLine({ folder: folder.path, boardsInMemory: true, clock, pki })
    expect(decisionsOf(run)).toMatchObject([{ verdict: 'ERROR', reason: 'ISSUER_UNREACHABLE' }])
    expect(tries).toBeGreaterThan(3)
    expect((await unitsIn(folder.path)).flatMap(({ certificates }) => certificates)).toEqual([])
  })

  /** Fault matrix, TIME-3. */
  it.each([
    [60_000, { verdict: 'PASS' }],
    [400_000, { verdict: 'ERROR', reason: 'ISSUER_ANSWER_REFUSED' }],
  ])('and whose clock is %i ms ahead ends as it should', async (ms, expected) => {
    await using folder = await temporaryFolder()
    const clock = clockOf(true)
    const { serve } = await serverOf({ ...clock, now: () => clock.now() + ms })
    const pki = await remote(clock, serve)
    const run = await runTestLine({ folder: folder.path, boardsInMemory: true, clock, pki })
    expect(decisionsOf(run)).toMatchObject([expected])
  })

  /** Fault matrix, SER-7. */
  it('gives back the certificate of a key that a restart has lost, again until it is heard', async () => {
    await using folder = await temporaryFolder()
    const clock = clockOf(true)
    const { serve, store } = await serverOf(clock)
    const heard: string[] = []
    let isDown = true
    const pki: RemoteIssuer = {
      ...(await remote(clock, serve)),
      revoke: async (sha256, reason) => {
        if (isDown) await lost()
        heard.push(`${sha256} ${reason}`)
      },
    }
    const options = { folder: folder.path, boardsInMemory: true, clock, pki }
    const first = await runTestLine({
      ...options,
      faults: [{ slot: 1, name: 'restart-before-commit' }],
    })
    expect(decisionsOf(first)).toMatchObject([{ verdict: 'PASS' }])
    expect(first.events).toContainEqual({
      type: 'notice',
      text: expect.stringMatching(/^1 void certificate.*not revoked yet.*ISSUER_UNREACHABLE/),
    })
    isDown = false
    await runTestLine(options)
    const [{ certificates } = { certificates: [] }] = await unitsIn(folder.path)
    const lostOnes = certificates.filter(({ state }) => state === 'void')
    expect(heard).toEqual(lostOnes.map(({ sha256 }) => `${sha256} superseded`))
    expect(heard).toHaveLength(1)
    expect(store.entries()).toHaveLength(2)
  })

  it('asks what became of a request until it can no longer be in work', async () => {
    await using folder = await temporaryFolder()
    let skippedMs = 0
    const real = clockOf(true)
    const clock = { ...real, now: () => real.now() + skippedMs }
    const asked: string[] = []
    const pki: RemoteIssuer = {
      ...(await remote(clock, lost)),
      revoke: lost,
      recall: (idempotencyKey) => {
        asked.push(idempotencyKey)
        return Promise.resolve(undefined)
      },
    }
    const options = { folder: folder.path, boardsInMemory: true, clock }
    await runTestLine({ ...options, pki })
    expect(asked).toHaveLength(1)
    skippedMs = 61_000
    const { serve } = await serverOf(clock)
    const working = { ...pki, issuer: (await remote(clock, serve)).issuer }
    const second = await runTestLine({ ...options, pki: working })
    expect(decisionsOf(second)).toMatchObject([{ verdict: 'PASS' }])
    await runTestLine({ ...options, pki: working })
    expect(asked).toEqual([asked[0], asked[0]])
  })

  it('revokes no certificate of a unit for the lost request of another', async () => {
    await using folder = await temporaryFolder()
    const clock = clockOf(true)
    const { serve } = await serverOf(clock)
    const revoked: string[] = []
    const working = await remote(clock, serve)
    const options = { folder: folder.path, quantity: 2, boardsInMemory: true, clock }
    let first: Uint8Array | undefined
    const pki: RemoteIssuer = {
      ...working,
      issuer: {
        ...working.issuer,
        issue: async (request, around) => {
          if (first !== undefined) return lost()
          const chain = await working.issuer.issue(request, around)
          first = chain.dac
          return chain
        },
      },
      revoke: async (sha256) => void revoked.push(sha256),
      recall: async () => {
        const certificate = first ?? new Uint8Array()
        const sha256 = createHash('sha256').update(certificate).digest('hex')
        return { certificate, sha256, requestHash: '', issuerKeyId: '' }
      },
    }
    const run = await runTestLine({ ...options, pki })
    expect(decisionsOf(run).map(({ verdict }) => verdict)).toEqual(['PASS', 'ERROR'])
    expect(revoked).toEqual([])
    expect((await unitsIn(folder.path)).map(liveCertificates)).toEqual([1, 0])
    expect(run.events).toContainEqual({
      type: 'notice',
      text: expect.stringMatching(/^the issuer answers for unit .* with .* of /),
    })
  })

  /** Fault matrix, PKI-7. */
  it('gives the certificate of another board to none, and records none', async () => {
    await using folder = await temporaryFolder()
    const clock = clockOf(true)
    const { serve } = await serverOf(clock)
    let first: HttpAnswer | undefined
    const pki = await remote(clock, async (request) => (first ??= await serve(request)))
    const run = await runTestLine({
      folder: folder.path,
      quantity: 2,
      boardsInMemory: true,
      clock,
      pki,
    })
    expect(decisionsOf(run)).toMatchObject([
      { verdict: 'PASS' },
      { verdict: 'ERROR', reason: 'ISSUER_ANSWER_REFUSED' },
    ])
    expect((await unitsIn(folder.path)).map(liveCertificates)).toEqual([1, 0])
  })
})
