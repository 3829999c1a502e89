import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { seededRandom, toHex } from '@keyline/bytes'
import { generateP256, p256Spki, sha256 } from '@keyline/crypto'
import { parseCertificate } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { HandClock } from '../testing/hand-clock.ts'
import { MemoryLedger } from '../testing/memory-ledger.ts'
import { certifyMember, certifyServer } from './certify.ts'
import { createServiceCa, loadServiceCa, storeServiceCa } from './service-ca.ts'

const clock = new HandClock()
const random = seededRandom('service')
const ca = await createServiceCa({ notBefore: new Date(clock.now()), random })
const options = { ca, clock, random }
const dayMs = 86_400_000

describe('the service CA', () => {
  it('comes back from the ledger whole', async () => {
    const ledger = new MemoryLedger()
    await storeServiceCa(ledger, ca)
    const loaded = await loadServiceCa(ledger)
    expect(loaded.certificate).toEqual(ca.certificate)
    expect(loaded.keyPair.publicKey.point).toEqual(ca.keyPair.publicKey.point)
  })

  it('is never replaced', async () => {
    const ledger = new MemoryLedger()
    await storeServiceCa(ledger, ca)
    const other = await createServiceCa({ notBefore: new Date(clock.now()), random })
    await expect(storeServiceCa(ledger, other)).rejects.toMatchObject({
      code: 'SERVER_SERVICE_CA_EXISTS',
    })
  })

  it('is missed by name', async () => {
    await expect(loadServiceCa(new MemoryLedger())).rejects.toMatchObject({
      code: 'SERVER_SERVICE_CA_MISSING',
    })
  })

  it('certifies a member for 90 days at most, for nothing but being a client', async () => {
    const { publicKey } = generateP256()
    const spkiSha256 = toHex(sha256(p256Spki(publicKey.point)))
    const { certificate, entry } = await certifyMember(options, {
      name: 's1',
      publicKey,
      spkiSha256,
    })
    const read = new X509Certificate(certificate)
    expect(read.subject).toBe('CN=s1')
    expect(read.ca).toBe(false)
    expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect(read.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true)
    expect(entry).toMatchObject({
      name: 's1',
      spkiSha256,
      certificateSha256: toHex(sha256(certificate)),
    })
    const { notBefore, notAfter } = parseCertificate(certificate)
    expect(notAfter.getTime()).toBe(entry.notAfter)
    expect(notAfter.getTime() - notBefore.getTime()).toBeLessThanOrEqual(90 * dayMs)
  })

  it('certifies a server under each of its names', async () => {
    const names = ['issuer.example', '192.0.2.7', '2001:db8::1', '::1', '::ffff:192.0.2.1']
    const { certificate } = await certifyServer(options, names)
    const read = new X509Certificate(certificate)
    for (const name of names) {
      expect([name, isIP(name) === 0 ? read.checkHost(name) : read.checkIP(name)]).toEqual([
        name,
        name,
      ])
    }
    expect(read.checkHost('other.example')).toBeUndefined()
    expect(read.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true)
  })
})
