import { toHex, VirtualClock } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { parseCertificate, parseRequest } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { MemoryIssuanceStore } from '../testing/memory-store.ts'
import { csrOf, testLine } from '../testing/test-line.ts'
import type { IssuerClient } from './issuer-client.ts'
import { recordedIssuer } from './recorded-issuer.ts'

async function stationOf(line: Awaited<ReturnType<typeof testLine>>) {
  const store = new MemoryIssuanceStore()
  store.addOrder({ orderId: 'O-1', certificateLimit: 2 })
  for (let unit = 1; unit <= 3; unit++) store.addUnit(`U-${unit}`, `SN-000${unit}`)
  const remote: IssuerClient = {
    issue: (request) => line.issuer.issue(request),
    health: () => Promise.resolve({ isReady: true }),
    close: () => Promise.resolve(),
  }
  return { store, remote, issuer: recordedIssuer(remote, { store, clock: new VirtualClock() }) }
}

const requestOf = async (unit: number) => ({
  orderId: 'O-1',
  unitId: `U-${unit}`,
  idempotencyKey: `U-${unit}/1`,
  csr: await csrOf(),
  identity: { serialNumber: `SN-000${unit}`, boardUid: `0${unit}`.repeat(12) },
})

describe('a recorded issuer', () => {
  it('has the certificate in the ledger of the station before anyone uses it, once', async () => {
    const line = await testLine()
    const { store, issuer } = await stationOf(line)
    const request = await requestOf(1)
    const answer = await issuer.issue(request)
    await issuer.issue(request)
    const [entry, ...more] = store.entries()
    expect(more).toEqual([])
    const dac = parseCertificate(answer.dac)
    expect(entry).toMatchObject({
      orderId: 'O-1',
      unitId: 'U-1',
      certificate: answer.dac,
      serialNumber: toHex(dac.serialNumber),
      spkiSha256: toHex(sha256(parseRequest(request.csr).spki.der)),
    })
    expect(entry?.issuerKeyId).toMatch(/^[0-9a-f]{40}$/)
  })

  it('gives nothing that the ledger refuses', async () => {
    const { store, issuer } = await stationOf(await testLine())
    await issuer.issue(await requestOf(1))
    await issuer.issue(await requestOf(2))
    const third = issuer.issue(await requestOf(3))
    await expect(third).rejects.toMatchObject({ code: 'ISSUER_QUOTA_REACHED' })
    expect(store.entries()).toHaveLength(2)
  })

  it('is as ready as the one that it records, and closes it', async () => {
    const { store, remote } = await stationOf(await testLine())
    let isClosed = false
    const inner: IssuerClient = {
      ...remote,
      health: () => Promise.resolve({ isReady: false, reason: 'no token' }),
      close: async () => void (isClosed = true),
    }
    const issuer = recordedIssuer(inner, { store, clock: new VirtualClock() })
    expect(await issuer.health()).toEqual({ isReady: false, reason: 'no token' })
    await issuer.close()
    expect(isClosed).toBe(true)
  })

  it('gives no second certificate for a request that has one', async () => {
    const { store, remote, issuer } = await stationOf(await testLine())
    const request = await requestOf(1)
    await issuer.issue(request)
    const other = await (await testLine()).issuer.issue(request)
    const lying = { ...remote, issue: () => Promise.resolve(other) }
    const second = recordedIssuer(lying, { store, clock: new VirtualClock() }).issue(request)
    await expect(second).rejects.toMatchObject({ code: 'ISSUER_ANSWER_REFUSED' })
  })
})
