import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeImage } from '@keyline/matter'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireProgram } from '../support/program.ts'
import { stored } from './device.ts'
import { foreignPaa, type MadeUnit, unitsUnderTest } from './made-unit.ts'

beforeAll(() => requireProgram({ command: 'openssl', debianPackage: 'openssl' }))

describe.each(unitsUnderTest)('openssl and %s', (_name, make) => {
  const folder = mkdtempSync(join(tmpdir(), 'keyline-openssl-'))
  let unit: MadeUnit

  beforeAll(async () => {
    unit = await make()
    const { data } = decodeImage(unit.image)
    const certificates = {
      dac: stored(data, 'dacCertificate'),
      pai: stored(data, 'paiCertificate'),
      paa: unit.paa,
      declarationSigner: unit.declarationSigner,
      foreignPaa: foreignPaa(),
    }
    for (const [name, der] of Object.entries(certificates)) {
      writeFileSync(join(folder, `${name}.pem`), new X509Certificate(der).toString())
    }
    writeFileSync(join(folder, 'declaration.der'), stored(data, 'certificationDeclaration'))
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it('verifies the chain from the DAC to the PAA, strictly and today', () => {
    expect(verifyChain('paa.pem')).toEqual({ status: 0, output: 'dac.pem: OK\n' })
  })

  it('refuses the chain under another PAA', () => {
    const { status, output } = verifyChain('foreignPaa.pem')

    expect(status).not.toBe(0)
    expect(output).toContain('unable to get local issuer certificate')
  })

  it('prints the identifiers and the extensions that Matter asks for', () => {
    const { output } = openssl(
      'x509 -in dac.pem -noout -subject -nameopt RFC2253,sep_multiline',
      '-ext basicConstraints,keyUsage,authorityKeyIdentifier',
    )

    expect(output).toContain(`1.3.6.1.4.1.37244.2.1=${utf8String(unit.vendorId)}`)
    expect(output).toContain(`1.3.6.1.4.1.37244.2.2=${utf8String(unit.productId)}`)
    expect(output).toMatch(/Basic Constraints: critical\s+CA:FALSE/)
    expect(output).toMatch(/Key Usage: critical\s+Digital Signature\n/)
    expect(output).toMatch(/Authority Key Identifier: \s+(keyid:)?([0-9A-F]{2}:){19}[0-9A-F]{2}\n/)
  })

  it('verifies the declaration against its signer', () => {
    expect(verifyDeclaration('declarationSigner.pem').output).toContain('Verification successful')
  })

  it('refuses the declaration against a certificate that did not sign it', () => {
    expect(verifyDeclaration('foreignPaa.pem').status).not.toBe(0)
  })

  function verifyChain(root: string) {
    return openssl(
      'verify -x509_strict -check_ss_sig -purpose any',
      `-CAfile ${root} -untrusted pai.pem dac.pem`,
    )
  }

  function verifyDeclaration(signer: string) {
    return openssl(
      'cms -verify -inform DER -in declaration.der -nointern -noverify',
      `-certfile ${signer} -out declaration.tlv`,
    )
  }

  function openssl(...args: readonly string[]) {
    const { status, stdout, stderr } = spawnSync('openssl', args.join(' ').split(' '), {
      cwd: folder,
      encoding: 'utf8',
      timeout: 10_000,
    })
    return { status, output: stdout + stderr }
  }
})

/** An identifier as Matter writes it into a name: four capital hex digits in a UTF8String. */
function utf8String(identifier: number): string {
  const digits = identifier.toString(16).toUpperCase().padStart(4, '0')
  return `#0C04${Buffer.from(digits, 'ascii').toString('hex').toUpperCase()}`
}
