import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret, systemClock, systemRandom, toBase64, toHex } from '@keyline/bytes'
import { generateP256, p256ScalarOf } from '@keyline/crypto'
import { createPki } from '@keyline/issuer'
import { openLedger } from '@keyline/ledger'
import { WorkOrder } from '@keyline/ledger/records'
import { createServiceCa, drawToken, storeServiceCa } from '@keyline/server'
import { beforeAll, describe, expect, it } from 'vitest'
import { KeylineProcess } from '../cli/support/keyline.ts'
import { bundledProgram } from '../support/bundled-program.ts'
import { temporaryFolder } from '../support/line.ts'
import { Client, type Call } from './support/call.ts'
import type { CrashJob } from './support/crash-server.ts'
import { exampleOrder } from './support/order.ts'
import { basic, certificateOf, credentialsOf, requestOf } from './support/request.ts'

let program: string
beforeAll(async () => {
  program = await bundledProgram(join(import.meta.dirname, 'support/crash-server.ts'))
})

/** A ledger with an order, a service CA and an invited station, for servers that come and go. */
async function prepared(folder: string): Promise<{ job: CrashJob; ca: Uint8Array; token: string }> {
  const storeKey = systemRandom.bytes(32)
  const ledger = await openLedger({
    database: { kind: 'sqlite', file: join(folder, 'ledger.db') },
    storeKey: new Secret(Uint8Array.from(storeKey)),
    clock: systemClock,
    random: systemRandom,
    actor: 'test',
  })
  const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000)
  const pki = await createPki({ vendorId: 0xfff1, notBefore, random: systemRandom })
  const ca = await createServiceCa({ notBefore, random: systemRandom })
  await storeServiceCa(ledger, ca)
  await ledger.createOrder(WorkOrder.parse(exampleOrder('O-1')))
  const { token, sha256: tokenSha256 } = drawToken(systemRandom)
  const expiresAt = Date.now() + 3_600_000
  await ledger.members.invite({ name: 's1', role: 'station', tokenSha256, expiresAt })
  await ledger.close()
  const job = {
    folder,
    storeKey: toHex(storeKey),
    paiKey: toHex(p256ScalarOf(pki.pai.keyPair).reveal()),
    pai: toBase64(pki.pai.certificate),
    paa: toBase64(pki.paa.certificate),
  }
  return { job, ca: ca.certificate, token: new TextDecoder().decode(token.reveal()) }
}

/** Runs a server for the time of the work. */
async function serving<T>(
  job: CrashJob,
  place: 'before' | 'after' | 'never',
  work: (port: number, server: KeylineProcess) => Promise<T>,
): Promise<T> {
  const file = join(job.folder, 'job.json')
  await writeFile(file, JSON.stringify(job), { mode: 0o600 })
  await using server = new KeylineProcess([process.execPath, program, file, place])
  await server.until(';')
  return await work(Number(/port (\d+);/.exec(server.said)?.[1]), server)
}

describe('a server that is killed', () => {
  it.each([
    ['before it has recorded a certificate', 'before', 201],
    ['after it has recorded a certificate, before it has answered', 'after', 200],
  ] as const)('%s gives one certificate to whoever asks again', async (_, place, status) => {
    await using folder = await temporaryFolder('keyline-crash')
    const { job, ca, token } = await prepared(folder.path)
    const keyPair = generateP256()
    const call: Call = {
      method: 'POST',
      path: '/v1/orders/O-1/dac',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k1' },
      body: JSON.stringify({ unit: 'U-1', serialNumber: 'SN-1', csr: toBase64(await requestOf()) }),
    }
    const credentials = await serving(job, place, async (port, server) => {
      using stranger = new Client({ port, ca })
      const enrolled = await stranger.call({
        method: 'POST',
        path: '/.well-known/est/members/simpleenroll',
        headers: { 'content-type': 'application/pkcs10', authorization: basic('s1', token) },
        body: toBase64(await requestOf(keyPair)),
      })
      const mine = credentialsOf(keyPair, certificateOf(enrolled.text))
      using station = new Client({ port, ca, credentials: mine })
      await expect(station.call(call)).rejects.toThrow(/socket hang up|ECONNRESET/)
      expect((await server.ended).code).toBeNull()
      return mine
    })
    await serving(job, 'never', async (port) => {
      using station = new Client({ port, ca, credentials })
      const first = await station.call(call)
      const second = await station.call(call)
      expect([first.status, second.status]).toEqual([status, 200])
      expect(second.text).toBe(first.text.replace('"replayed":false', '"replayed":true'))
      const order = await station.call({ path: '/v1/orders/O-1' })
      expect(JSON.parse(order.text)).toMatchObject({ certificatesUsed: 1 })
    })
  })
})
