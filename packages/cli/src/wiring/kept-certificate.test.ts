import { createHash } from 'node:crypto'
import { fromHex } from '@keyline/bytes'
import type { CertificateRecord } from '@keyline/ledger'
import { describe, expect, it } from 'vitest'
import { withKeptCertificates } from './kept-certificate.ts'

/** A request of the vectors (`ok-empty-subject`), and its key as the vectors name it. */
const csr = fromHex(
  '3081ba306202010030003059301306072a8648ce3d020106082a8648ce3d030107034200043e084fc999597be36a4196b9503069ffd9a97b2e5f01f742df6e95e9a0d65b6e1988a1575f8e8c1d403cfd931ad6ccb5b3932555623880b7e4c548c80c94960ba000300a06082a8648ce3d040302034800304502205492e7d3c71e56a6a6973202aaddbe3660ef54747ecd49d0aa926cc7110a6fb3022100d80742bb28e195ee9eb5e627d93dcdd3c4c617ee1f635f0b2afc6c06f2cd2952',
)
const key =
  '043e084fc999597be36a4196b9503069ffd9a97b2e5f01f742df6e95e9a0d65b6e1988a1575f8e8c1d403cfd931ad6ccb5b3932555623880b7e4c548c80c94960b'
const spkiSha256 = createHash('sha256')
  .update(`3059301306072a8648ce3d020106082a8648ce3d030107034200${key}`, 'hex')
  .digest('hex')

const [pai, paa, kept, fresh] = [1, 2, 3, 4].map((octet) => Uint8Array.of(octet))

function issuerWith(change: Partial<CertificateRecord>) {
  const record: CertificateRecord = {
    sha256: '00',
    orderId: 'order-1',
    unitId: 'unit-1',
    quotaNumber: 1,
    issuerKeyId: '00',
    serialNumber: '01',
    spkiSha256,
    certificate: kept ?? new Uint8Array(),
    state: 'live',
    issuedAt: 0,
    ...change,
  }
  const asked: string[] = []
  const around = { pai: pai ?? new Uint8Array(), paa: paa ?? new Uint8Array() }
  const issuer = withKeptCertificates(
    {
      issue: ({ unitId }) => {
        asked.push(unitId)
        return Promise.resolve({ dac: fresh ?? new Uint8Array(), ...around })
      },
    },
    {
      ledger: {
        certificateRecords: (unitId) => Promise.resolve(unitId === 'unit-1' ? [record] : []),
      },
      ...around,
    },
  )
  const issue = (unitId = 'unit-1') =>
    issuer.issue({ orderId: 'order-1', unitId, idempotencyKey: 'k', csr })
  return { issue, asked }
}

describe('a unit that asks for a certificate again', () => {
  it('gets the one that it has, while it has its key, and the issuer is not asked', async () => {
    const { issue, asked } = issuerWith({})
    expect(await issue()).toEqual({ dac: kept, pai, paa })
    expect(asked).toEqual([])
  })

  it.each([
    ['that has another key', { spkiSha256: '11'.repeat(32) }],
    ['whose certificate is void', { state: 'void' as const }],
  ])('%s gets a new one', async (_, change) => {
    const { issue, asked } = issuerWith(change)
    expect(await issue()).toEqual({ dac: fresh, pai, paa })
    expect(asked).toEqual(['unit-1'])
  })

  it('never gets that of another unit', async () => {
    const { issue, asked } = issuerWith({})
    expect(await issue('unit-2')).toEqual({ dac: fresh, pai, paa })
    expect(asked).toEqual(['unit-2'])
  })
})
