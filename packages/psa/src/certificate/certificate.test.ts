import { X509Certificate } from 'node:crypto'
import { concat, toHex } from '@keyline/bytes'
import { p256PublicKey, sha256 } from '@keyline/crypto'
import { isSignedBy, parseCertificate } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { duaCertificateKinds, manufactureChip, simulatedAuthority } from './foundry.ts'
import { CertificateStatus, isCertificateOf, rebuildCertificate, templateOf } from './rebuild.ts'
import { certificateKinds, packLength, readParts, writeParts } from './system-flash.ts'

const rootSecret = sha256(Uint8Array.of(3))
const chip = manufactureChip({ rootSecret })

function rebuilt(pack: Uint8Array, kind: keyof typeof certificateKinds): Uint8Array {
  const result = rebuildCertificate(pack, kind)
  if (result.status !== CertificateStatus.ok) throw new TypeError(`status ${result.status}`)
  return result.certificate
}

const text = (octets: Uint8Array): string => Buffer.from(octets).toString('latin1')

describe.each(['FU', 'LU'] as const)('the certificate of the device key %s', (name) => {
  const kind = duaCertificateKinds[name]
  const der = rebuilt(chip.pack2, kind)
  const authority = simulatedAuthority(name)

  it('verifies under its simulated authority, for OpenSSL and for us', () => {
    const leaf = new X509Certificate(Buffer.from(der))
    const root = new X509Certificate(Buffer.from(authority.certificate))
    expect(leaf.checkIssued(root)).toBe(true)
    expect(leaf.verify(root.publicKey)).toBe(true)
    expect(root.verify(root.publicKey)).toBe(true)
    expect([leaf.ca, root.ca]).toEqual([false, true])
    const point = parseCertificate(authority.certificate).publicPoint ?? new Uint8Array()
    expect(isSignedBy(parseCertificate(der), p256PublicKey(point))).toBe(true)
    expect(authority).toMatchObject({
      simulated: true,
      name: `ST CA 0${name === 'FU' ? 1 : 2} for STM32 User`,
    })
    expect(leaf.issuer).toContain(authority.name)
    expect(leaf.validFrom).toMatch(/^Jan {2}1 00:00:00 2024/)
    expect(leaf.validTo).toMatch(/^Jan {2}1 00:00:00 2054/)
  })

  it('is that of the key in the chip, and of no other', () => {
    const point = chip.secrets.devicePublicKey(name) ?? new Uint8Array()
    const publicKey = concat(Uint8Array.of(4), point)
    expect(toHex(der.subarray(271, 336))).toBe(toHex(publicKey))
    expect(isCertificateOf(chip.pack2, kind, publicKey)).toBe(true)
    expect(isCertificateOf(chip.pack2, kind, publicKey.with(9, 1))).toBe(false)
    expect(isCertificateOf(chip.pack2, kind, point)).toBe(false)
    const other = duaCertificateKinds[name === 'FU' ? 'LU' : 'FU']
    expect(isCertificateOf(chip.pack2, other, publicKey)).toBe(false)
  })

  it('fails its signature after a change of any of its parts', () => {
    const point = parseCertificate(authority.certificate).publicPoint ?? new Uint8Array()
    const { publicKey, signature, serial } = certificateKinds[kind]
    for (const offset of [publicKey + 70 - 64, signature + 3, signature + 40, serial + 5]) {
      const pack = chip.pack2.with(offset, (chip.pack2[offset] ?? 0) ^ 1)
      const certificate = parseCertificate(rebuilt(pack, kind))
      expect(isSignedBy(certificate, p256PublicKey(point)), `offset ${offset}`).toBe(false)
    }
  })
})

describe('the template', () => {
  const parts = {
    publicKey: new Uint8Array(64).fill(5),
    serial: Uint8Array.of(0xab, 30, 1, 2, 3, 4, 5, 6, 7, 8),
  }
  it.each([
    ['u3-user-fu', 'stm32u3xx-usfu-', 'User'],
    ['u3-user-lu', 'stm32u3xx-uslu-', 'User'],
    ['h5-user', 'stm32h5xx-user-', 'User'],
    ['h5-initial-attestation', 'stm32h5xx-initial_attestation-', 'Initial Attestation'],
  ] as const)('of %s names subject and issuer', (kind, subject, issuer) => {
    const tbs = templateOf(parts, kind)
    expect(tbs.length - 4).toBe(kind === 'h5-initial-attestation' ? 376 : 346)
    expect(text(tbs)).toContain(`${subject}ab1e0102030405060708`)
    expect(text(tbs)).toContain(`ST CA ab for STM32 ${issuer}`)
    expect(text(tbs)).toContain('300101000000Z')
    expect(text(tbs)).toContain('20600101000000Z')
    // The header of the certificate stands before the template.
    const key = (kind === 'h5-initial-attestation' ? 302 : 272) - 4
    expect(text(tbs.subarray(key - 1, key + 64))).toBe(`\u0004${'\u0005'.repeat(64)}`)
  })

  it('puts characters that are no digits where the year is too large, and then does not parse', () => {
    const late = { ...parts, serial: parts.serial.with(1, 70) }
    expect(text(templateOf(late, 'u3-user-fu'))).toContain('20:00101000000Z')
    const pack = new Uint8Array(packLength).fill(0xff)
    writeParts(pack, 'u3-user-fu', { ...late, signature: new Uint8Array(64).fill(1) })
    expect(() => parseCertificate(rebuilt(pack, 'u3-user-fu'))).toThrow(/TIME|time|notAfter/i)
  })
})

describe('system flash', () => {
  it('that is erased has no certificate, and a pack has one length', () => {
    const erased = new Uint8Array(packLength).fill(0xff)
    expect(rebuildCertificate(erased, 'u3-user-fu')).toEqual({
      status: 3,
      reason: 'E_DUA_NOT_PROVISIONED',
    })
    expect(rebuildCertificate(erased.subarray(1), 'u3-user-fu')).toEqual({ status: 2 })
    const half = manufactureChip({ rootSecret, deviceKeys: ['LU'] })
    expect(rebuildCertificate(half.pack2, 'u3-user-fu').status).toBe(3)
    expect(rebuildCertificate(half.pack2, 'u3-user-lu').status).toBe(1)
    expect(half.secrets.devicePublicKey('FU')).toBeUndefined()
  })

  it('is the same for the same root secret, and another for another', () => {
    const again = manufactureChip({ rootSecret })
    expect([again.pack2, again.uid]).toEqual([chip.pack2, chip.uid])
    const other = manufactureChip({ rootSecret: sha256(rootSecret), year: 26 })
    expect(readParts(other.pack2, 'u3-user-fu').serial[1]).toBe(26)
    expect(toHex(other.uid)).not.toBe(toHex(chip.uid))
  })
})
