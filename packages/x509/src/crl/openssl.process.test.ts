import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, toHex } from '@keyline/bytes'
import { generateP256, keyPairSigner, p256ToPkcs8 } from '@keyline/crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireProgram } from '../../../../test/support/program.ts'
import { buildCertificate } from '../certificate/build.ts'
import { parseCertificate } from '../certificate/certificate.ts'
import { basicConstraints, keyUsage, subjectKeyIdentifier } from '../certificate/extension.ts'
import { noExpiry } from '../der/time.ts'
import { keyIdentifier } from '../key/key-handle.ts'
import { name } from '../name/name.ts'
import { Oid } from '../oids.ts'
import { pemEncode } from '../pem/pem.ts'
import { buildCrl } from './build.ts'
import { parseCrl } from './crl.ts'
import { isCrlSignedBy } from './signature.ts'

const root = generateP256()
const rootName = name([{ type: Oid.commonName, value: 'Root' }])
const keyId = keyIdentifier(root.publicKey.point)
let folder = ''

beforeAll(async () => {
  requireProgram({ command: 'openssl', debianPackage: 'openssl' })
  folder = mkdtempSync(join(tmpdir(), 'keyline-crl-'))
  const certificate = await buildCertificate({
    serialNumber: fromHex('01'),
    issuer: rootName,
    subject: rootName,
    notBefore: new Date('2021-06-28T14:23:43Z'),
    notAfter: noExpiry,
    publicKey: root.publicKey,
    extensions: [
      basicConstraints({ ca: true }),
      keyUsage(['keyCertSign', 'cRLSign']),
      subjectKeyIdentifier(keyId),
    ],
    signer: keyPairSigner(root),
  })
  expect(parseCertificate(certificate).publicPoint).toEqual(root.publicKey.point)
  using key = p256ToPkcs8(root)
  writeFileSync(join(folder, 'root.pem'), pemEncode('CERTIFICATE', certificate))
  writeFileSync(join(folder, 'root.key'), pemEncode('PRIVATE KEY', key.reveal()))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('openssl', () => {
  it('verifies and prints a list that we built', async () => {
    const der = await buildCrl({
      issuer: rootName,
      authorityKeyId: keyId,
      thisUpdate: new Date('2026-01-01T00:00:00Z'),
      nextUpdate: new Date('2052-02-01T00:00:00Z'),
      number: 300,
      revoked: [
        {
          serialNumber: fromHex('00c1a2'),
          revokedAt: new Date('2025-12-24T18:00:00Z'),
          reason: 'keyCompromise',
        },
        { serialNumber: fromHex('1f'), revokedAt: new Date('2025-12-25T18:00:00Z') },
      ],
      signer: keyPairSigner(root),
    })
    writeFileSync(join(folder, 'ours.crl'), der)
    const options = ['-inform', 'DER', '-in', 'ours.crl', '-CAfile', 'root.pem', '-noout', '-text']
    const { stdout, stderr } = spawnSync('openssl', ['crl', ...options], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(stderr).toContain('verify OK')
    const text = stdout.replaceAll(/\s+/g, ' ')
    for (const part of [
      'Version 2',
      'Last Update: Jan 1 00:00:00 2026 GMT',
      'Next Update: Feb 1 00:00:00 2052 GMT',
      'X509v3 CRL Number: 300',
      'Serial Number: C1A2 Revocation Date: Dec 24 18:00:00 2025 GMT',
      'X509v3 CRL Reason Code: Key Compromise',
      'Serial Number: 1F Revocation Date: Dec 25 18:00:00 2025 GMT',
    ]) {
      expect(text).toContain(part)
    }
  })

  it('makes a list that we read', () => {
    const settings = [
      '[ca]',
      'default_ca = root',
      '[root]',
      'database = index.txt',
      'crlnumber = number',
      'certificate = root.pem',
      'private_key = root.key',
      'default_md = sha256',
      'default_crl_days = 30',
      'crl_extensions = list',
      '[list]',
      'authorityKeyIdentifier = keyid:always',
      'issuingDistributionPoint = critical,@point',
      '[point]',
      'fullname = URI:http://example.com/a.crl',
    ]
    const rows = [
      ['R', '400101000000Z', '250607080910Z,superseded', '7FFF', 'unknown', '/CN=a'],
      ['R', '400101000000Z', '250607080911Z', 'C0', 'unknown', '/CN=b'],
      ['V', '400101000000Z', '', '02', 'unknown', '/CN=c'],
    ]
    writeFileSync(join(folder, 'ca.conf'), `${settings.join('\n')}\n`)
    writeFileSync(join(folder, 'index.txt'), rows.map((row) => `${row.join('\t')}\n`).join(''))
    writeFileSync(join(folder, 'number'), '1001\n')
    execFileSync('openssl', ['ca', '-config', 'ca.conf', '-gencrl', '-out', 'theirs.pem'], {
      cwd: folder,
      stdio: 'pipe',
    })
    const convert = ['crl', '-in', 'theirs.pem', '-outform', 'DER', '-out', 'theirs.crl']
    execFileSync('openssl', convert, { cwd: folder, stdio: 'pipe' })

    const crl = parseCrl(Uint8Array.from(readFileSync(join(folder, 'theirs.crl'))))
    expect(isCrlSignedBy(crl, root.publicKey)).toBe(true)
    expect(crl.issuer).toEqual(rootName)
    expect(crl.authorityKeyId).toEqual(keyId)
    expect(toHex(crl.number ?? new Uint8Array())).toBe('1001')
    expect(toHex(crl.issuingDistributionPoint ?? new Uint8Array())).toContain(
      toHex(new TextEncoder().encode('http://example.com/a.crl')),
    )
    expect((crl.nextUpdate?.getTime() ?? 0) - crl.thisUpdate.getTime()).toBe(30 * 86_400_000)
    const entries = [...crl].map(({ serialNumber, revokedAt, reason }) => [
      toHex(serialNumber),
      revokedAt.toISOString(),
      reason,
    ])
    expect(entries).toHaveLength(2)
    expect(entries).toContainEqual(['7fff', '2025-06-07T08:09:10.000Z', 'superseded'])
    expect(entries).toContainEqual(['00c0', '2025-06-07T08:09:11.000Z', undefined])
  })
})
