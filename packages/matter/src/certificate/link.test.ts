import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@keyline/bytes'
import { parseCertificate, type Certificate } from '@keyline/x509'
import { describe, expect, it } from 'vitest'
import { authorityKeyIdOf, checkLinks, isIssuer, isValidAt, subjectKeyIdOf } from './link.ts'

function published(file: string): Uint8Array {
  const folder = new URL('../../../../test/vectors/matter/pem/', import.meta.url)
  return Uint8Array.from(readFileSync(new URL(file, folder)))
}

const dac = parseCertificate(published('Matter-Development-DAC-FFF1-8004-Cert.der'))
const pai = parseCertificate(published('Matter-Development-PAI-FFF1-noPID-Cert.der'))
const paa = parseCertificate(published('Chip-Test-PAA-FFF1-Cert.der'))
const otherPai = parseCertificate(published('Chip-Test-PAI-FFF1-8000-Cert.der'))
const otherPaa = parseCertificate(published('Chip-Test-PAA-NoVID-Cert.der'))

/** The same certificate with one piece of its octets replaced. */
function changed(certificate: Certificate, from: string, to: string): Certificate {
  const hex = toHex(certificate.der)
  expect(hex.split(from)).toHaveLength(2)
  return parseCertificate(fromHex(hex.replace(from, to)))
}

describe('the links of a chain', () => {
  it('hold for the published development chain', () => {
    expect(checkLinks({ dac, pai, paa })).toEqual([])
  })

  it.each([
    ['another PAI of the same PAA', { pai: otherPai }, ['DAC-ISSUER']],
    ['another PAA', { paa: otherPaa }, ['PAI-ISSUER']],
    ['a DAC in place of the PAI', { pai: dac }, ['DAC-ISSUER', 'PAI-ISSUER']],
  ])('break with %s', (_, other, problems) => {
    expect(checkLinks({ dac, pai, paa, ...other })).toEqual(problems)
  })

  it('break where an issuer was not valid yet when the DAC began', () => {
    const begin = dac.notBefore.getTime()
    const late = Object.create(paa, { notBefore: { value: new Date(begin + 1_000) } })
    expect(checkLinks({ dac, pai, paa: late })).toEqual(['PAA-VALIDITY'])
  })

  it('include the last second of a validity, and the first', () => {
    const { notBefore, notAfter } = pai
    expect(isValidAt(pai, notBefore.getTime())).toBe(true)
    expect(isValidAt(pai, notBefore.getTime() - 1)).toBe(false)
    expect(isValidAt(pai, notAfter.getTime() + 999)).toBe(true)
    expect(isValidAt(pai, notAfter.getTime() + 1_000)).toBe(false)
  })

  it('do not hold over a key identifier that cannot be read', () => {
    const keyId = toHex(subjectKeyIdOf(pai) ?? new Uint8Array())
    const unreadable = changed(pai, `04160414${keyId}`, `04160514${keyId}`)
    expect(subjectKeyIdOf(unreadable)).toBeUndefined()
    expect(isIssuer(unreadable, dac)).toBe(false)
    const ofDac = changed(dac, `8014${keyId}`, `8114${keyId}`)
    expect(authorityKeyIdOf(ofDac)).toBeUndefined()
    expect(isIssuer(pai, ofDac)).toBe(false)
  })
})
