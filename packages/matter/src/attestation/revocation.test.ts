import { toBase64, toHex } from '@keyline/bytes'
import { keyIdentifier, parseCertificate } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { attestedDevice, attestedKeys } from '../../../../test/support/attested-device.ts'
import { checkRevocation, readRevocationSet, revocationFindings } from './revocation.ts'
import { verifyAttestation } from './verify.ts'

/** An entry by which the PAI revokes a certificate. */
async function entryFor(der: Uint8Array, changes: Readonly<Record<string, unknown>> = {}) {
  const { pai } = await attestedDevice()
  const issuer = parseCertificate(pai)
  return {
    type: 'revocation_set',
    issuer_subject_key_id: toHex(keyIdentifier(attestedKeys.pai.publicKey.point)).toUpperCase(),
    issuer_name: toBase64(issuer.subject),
    revoked_serial_numbers: [toHex(parseCertificate(der).serialNumber)],
    crl_signer_cert: toBase64(pai),
    ...changes,
  }
}

describe('a revocation set', () => {
  it('stops a device under the certificates that it names', async () => {
    const { dac } = await attestedDevice()
    const revocationSet = readRevocationSet([await entryFor(dac)])
    const revoked = await attestedDevice({ trust: { revocationSet } })
    expect(verifyAttestation(revoked)).toMatchObject({ label: 'ATT-13', sdkResult: 'kDacRevoked' })
    const others = readRevocationSet([await entryFor(dac, { revoked_serial_numbers: ['99'] })])
    const untouched = await attestedDevice({ trust: { revocationSet: others } })
    expect(verifyAttestation(untouched).ok).toBe(true)
  })

  it('compares serial numbers as integers', async () => {
    const { dac, pai } = await attestedDevice()
    const chain = { dac: parseCertificate(dac), pai: parseCertificate(pai) }
    for (const serial of ['03', '3', '0003']) {
      const set = readRevocationSet([await entryFor(dac, { revoked_serial_numbers: [serial] })])
      expect(checkRevocation(chain, set)).toMatchObject({ dacRevoked: true, paiRevoked: false })
    }
    const other = readRevocationSet([await entryFor(dac, { revoked_serial_numbers: ['30'] })])
    expect(checkRevocation(chain, other)).toMatchObject({ sdkResult: 'kSuccess' })
  })

  it('reports an entry that is not genuine, and goes on to the next', async () => {
    const { dac, pai } = await attestedDevice()
    const chain = { dac: parseCertificate(dac), pai: parseCertificate(pai) }
    const forged = await entryFor(dac, { crl_signer_cert: toBase64(dac) })
    const alone = checkRevocation(chain, readRevocationSet([forged]))
    expect(alone).toMatchObject({ dacRevoked: false, suspicious: ['entry 0'] })
    const both = checkRevocation(chain, readRevocationSet([forged, await entryFor(dac)]))
    expect(both).toMatchObject({ sdkResult: 'kDacRevoked', suspicious: ['entry 0'] })
  })

  it('warns of each entry that is not genuine, whatever it names', async () => {
    const { dac } = await attestedDevice()
    const good = await entryFor(dac)
    const forged = await entryFor(dac, { crl_signer_cert: toBase64(dac) })
    const unreadable = await entryFor(dac, { crl_signer_cert: '' })
    expect(revocationFindings(readRevocationSet([good]))).toEqual([])
    const findings = revocationFindings(readRevocationSet([good, forged, unreadable]))
    expect(findings.map(({ rule, severity, field }) => [rule, severity, field])).toEqual([
      ['ATT-13', 'warning', 'entry 1'],
      ['ATT-13', 'warning', 'entry 2'],
    ])
  })

  it('believes a signer to whom the issuer delegated the list', async () => {
    const { dac, pai } = await attestedDevice()
    const chain = { dac: parseCertificate(dac), pai: parseCertificate(pai) }
    const delegated = { crl_signer_cert: toBase64(dac), crl_signer_delegator: toBase64(pai) }
    const set = readRevocationSet([await entryFor(dac, delegated)])
    expect(checkRevocation(chain, set).dacRevoked).toBe(true)
  })

  it.each<[what: string, json: unknown]>([
    ['an object', {}],
    ['a list of texts', ['x']],
    ['an entry of another type', [{ type: 'crl' }]],
    ['an entry without serial numbers', [{ type: 'revocation_set' }]],
    ['a serial number that is a number', [{ type: 'revocation_set', revoked_serial_numbers: [3] }]],
    [
      'a name that is not base64',
      [
        {
          type: 'revocation_set',
          revoked_serial_numbers: [],
          issuer_subject_key_id: '00',
          issuer_name: '?',
          crl_signer_cert: '',
        },
      ],
    ],
  ])('is refused when it is %s', (_, json) => {
    expect(() => readRevocationSet(json)).toThrow(
      expect.objectContaining({ code: 'REVOCATION_SET' }),
    )
  })
})
