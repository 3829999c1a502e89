import { seededRandom, toHex, type Random } from '@keyline/bytes'
import { keyPairSigner } from '@keyline/crypto'
import { parseCertificate } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { readPai } from '../build/pai.ts'
import { createPki, type Pki } from '../pki/create-pki.ts'
import { MemoryIssuanceStore } from '../testing/memory-store.ts'
import { csrOf, testLine } from '../testing/test-line.ts'
import type { CertificateAuthority } from './authority.ts'
import type { DacChain, DacRequest } from './local-issuer.ts'

const authorityOf = ({ pai, paa }: Pki): CertificateAuthority => ({
  signer: keyPairSigner(pai.keyPair),
  pai: pai.certificate,
  paa: paa.certificate,
})

const keyIdOf = ({ pai }: Pki): string => toHex(readPai(pai.certificate).keyId)

const anotherPki = (random: Random, vendorId = 0xfff1, productId?: number): Promise<Pki> =>
  createPki({ vendorId, productId, notBefore: new Date('2026-05-01T00:00:00Z'), random })

let asked = 0
const request = async (changed: Partial<DacRequest> = {}): Promise<DacRequest> => ({
  orderId: 'O-1',
  unitId: 'U-1',
  idempotencyKey: `K-${++asked}`,
  csr: await csrOf(),
  ...changed,
})

/** The chain is one: the PAI signed the certificate, and its own PAA stands above it. */
function expectChainOf(chain: DacChain, pki: Pki): void {
  expect(chain.pai).toEqual(pki.pai.certificate)
  expect(chain.paa).toEqual(pki.paa.certificate)
  const { issuer } = parseCertificate(chain.dac)
  expect(issuer).toEqual(parseCertificate(chain.pai).subject)
  expect(toHex(parseCertificate(chain.dac).der)).toContain(`8014${keyIdOf(pki)}`)
}

/** Fault PKI-10. */
describe('an issuer with several PAIs', () => {
  const random = seededRandom('authorities')

  it('finishes an order with the PAI it was begun with, and begins others with its main one', async () => {
    const old = await anotherPki(random)
    const store = new MemoryIssuanceStore()
    const begun = await testLine({ ...authorityOf(old), store })
    const first = await request()
    expectChainOf(await begun.issuer.issue(first), old)

    const { issuer, pki: main } = await testLine({ store, authorities: [authorityOf(old)] })
    store.addOrder({ ...store.order('O-1'), orderId: 'O-1', issuerKeyId: keyIdOf(old) })
    store.addOrder({ orderId: 'O-2' })
    expectChainOf(await issuer.issue(await request()), old)
    expectChainOf(await issuer.issue(await request({ orderId: 'O-2' })), main)
    expectChainOf(await issuer.issue(first), old)
  })

  it('stops an order whose PAI is retired, and still gives again what was issued', async () => {
    const old = await anotherPki(random)
    const store = new MemoryIssuanceStore()
    const { issuer: before } = await testLine({ ...authorityOf(old), store })
    const first = await request()
    const { dac } = await before.issue(first)

    const { pai, paa } = authorityOf(old)
    const { issuer } = await testLine({ store, authorities: [{ pai, paa }] })
    store.addOrder({ orderId: 'O-1', issuerKeyId: keyIdOf(old) })
    await expect(issuer.issue(await request())).rejects.toMatchObject({
      code: 'ISSUER_PAI_ROTATED',
      fault: 'operator',
    })
    const again = await issuer.issue(first)
    expect(again).toMatchObject({ dac, replayed: true })
    expectChainOf(again, old)
    expect(store.entries()).toHaveLength(1)
  })

  it('takes for an order the PAI of its vendor and product', async () => {
    const wide = await anotherPki(random, 0xfff2)
    const narrow = await anotherPki(random, 0xfff3, 0x8004)
    const { issuer, store, pki } = await testLine({
      authorities: [authorityOf(wide), authorityOf(narrow)],
    })
    for (const [vendorId, productId, due] of [
      [0xfff1, 0x8004, pki],
      [0xfff2, 0x8005, wide],
      [0xfff3, 0x8004, narrow],
    ] as const) {
      store.addOrder({ orderId: 'O-1', vendorId, productId })
      expectChainOf(await issuer.issue(await request()), due)
    }
    store.addOrder({ orderId: 'O-1', vendorId: 0xfff3, productId: 0x8005 })
    await expect(issuer.issue(await request())).rejects.toMatchObject({
      code: 'ISSUER_RULE_BROKEN',
      message: expect.stringContaining('ISS-03') as string,
    })
  })

  it('refuses the keys of all of them to a device', async () => {
    const other = await anotherPki(random)
    const { issuer } = await testLine({ authorities: [authorityOf(other)] })
    for (const { keyPair } of [other.pai, other.paa]) {
      const csr = await csrOf(keyPair)
      await expect(issuer.issue(await request({ csr }))).rejects.toMatchObject({
        code: 'ISSUER_KEY_KNOWN',
      })
    }
  })

  it('issues nothing with a PAI that was revoked meanwhile', async () => {
    const revoked = new Set<string>()
    const { issuer, pki } = await testLine({ isPaiRevoked: (keyId) => revoked.has(keyId) })
    await issuer.issue(await request())
    revoked.add(keyIdOf(pki))
    await expect(issuer.issue(await request())).rejects.toMatchObject({
      code: 'ISSUER_RULE_BROKEN',
      message: expect.stringContaining('ISS-09') as string,
    })
  })
})
