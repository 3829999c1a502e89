import { describeFinding } from '@keyline/bytes'
import { issueDac } from '@keyline/issuer'
import { parseCertificate, pemEncode } from '@keyline/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Draw } from '../support/draw.ts'
import { Openssl } from '../support/openssl.ts'
import { scaled, testSeed } from '../support/scale.ts'
import {
  drawAuthority,
  drawDac,
  validityProbe,
  type Authority,
  type AuthorityKind,
} from './support/drawn-dac.ts'

const certificates = scaled(1_000, 100_000)
/** Certificates that one process of openssl verifies. */
const batchSize = 250
const kinds: readonly AuthorityKind[] = ['any product', 'one product']

let openssl: Openssl

beforeAll(() => {
  openssl = new Openssl()
})

afterAll(() => openssl[Symbol.dispose]())

describe(`${certificates} device certificates, drawn with seed ${testSeed},`, () => {
  it.each(kinds)(
    'pass the lint and openssl, none above 600 octets: half of them, of a PAI for %s',
    async (kind) => {
      const draw = new Draw(`${kind} ${testSeed}`)
      const problems: string[] = []
      let largest = 0
      for (let issued = 0; issued < certificates / 2; issued += batchSize) {
        const authority = await drawAuthority(draw, kind)
        const batch = await issueBatch(draw, authority)
        largest = Math.max(largest, ...batch.map(({ length }) => length))
        const refused = await refusedByOpenssl(authority, batch)
        problems.push(...refused.map((line) => `seed ${testSeed}, from ${issued}: ${line}`))
      }
      expect(problems).toEqual([])
      expect(largest).toBeLessThanOrEqual(600)
      expect(largest).toBeGreaterThan(500)
    },
  )

  it('would show the one that does not verify, and name it', async () => {
    const draw = new Draw(`spoilt ${testSeed}`)
    const authority = await drawAuthority(draw, 'any product')
    const batch = await issueBatch(draw, authority)
    const spoilt = 17
    const der = batch[spoilt] ?? new Uint8Array()
    const last = der.length - 1
    der[last] = (der[last] ?? 0) ^ 1

    expect(await refusedByOpenssl(authority, batch)).toEqual([
      expect.stringMatching(/^dac-17\.pem: .*certificate signature failure/),
    ])
    const { publicPoint } = parseCertificate(der)
    const { vendorId, lint } = authority
    const findings = lint({
      certificate: der,
      publicKey: publicPoint ?? new Uint8Array(),
      vendorId,
      productId: 0,
    })
    expect(findings.map(({ rule }) => rule)).toEqual(['LINT-07', 'LINT-15'])
  })

  it('are refused before they leave when a name makes them too large', async () => {
    const draw = new Draw(`large ${testSeed}`)
    const authority = await drawAuthority(draw, 'any product')
    const drawn = drawDac(draw, authority)
    const result = await issueDac({
      ...drawn,
      subjectEncoding: 'oid',
      commonName: '😀'.repeat(64),
    })
    expect(result).toMatchObject({ ok: false, findings: [{ rule: 'ISS-08' }] })
  })
})

/** A batch of certificates in DER; a violated rule is an error that names it. */
async function issueBatch(
  draw: Draw,
  authority: Authority,
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const batch: Uint8Array<ArrayBuffer>[] = []
  while (batch.length < batchSize) {
    const result = await issueDac(drawDac(draw, authority))
    if (!result.ok) {
      const findings = [...result.findings, ...result.lintFindings].map(describeFinding)
      throw new Error(`seed ${testSeed}, certificate ${batch.length}: ${findings.join(' | ')}`)
    }
    batch.push(Uint8Array.from(result.certificate))
  }
  return batch
}

/** One line for each certificate that a strict verification of the chain refuses. */
async function refusedByOpenssl(
  { pki }: Authority,
  batch: readonly Uint8Array[],
): Promise<readonly string[]> {
  openssl.write('paa.pem', pemEncode('CERTIFICATE', pki.paa.certificate))
  openssl.write('pai.pem', pemEncode('CERTIFICATE', pki.pai.certificate))
  const files = batch.map((der, index) => {
    openssl.write(`dac-${index}.pem`, pemEncode('CERTIFICATE', der))
    return `dac-${index}.pem`
  })
  const time = String(validityProbe.getTime() / 1_000)
  const strict = ['-x509_strict', '-check_ss_sig', '-purpose', 'any', '-attime', time]
  const chain = ['-CAfile', 'paa.pem', '-untrusted', 'pai.pem']
  const { stdout, stderr } = await openssl.run(['verify', ...strict, ...chain, ...files])
  const verified = new Set(stdout.split('\n'))
  return files
    .filter((file) => !verified.has(`${file}: OK`))
    .map((file) => `${file}: ${reasonOf(stderr)}`)
}

function reasonOf(stderr: string): string {
  return stderr.split('\n').find((line) => line.startsWith('error ')) ?? stderr
}
