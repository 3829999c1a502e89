import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, toHex, VirtualClock } from '@keyline/bytes'
import { keyPairSigner, p256FromEncoded } from '@keyline/crypto'
import { keyIdentifier, parseCertificate, pemDecode, pemEncode } from '@keyline/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireProgram } from '../../../../test/support/program.ts'
import { MemoryLists } from '../testing/memory-lists.ts'
import { ListBuilder } from './build-list.ts'
import { openListAuthority } from './list-authority.ts'
import { defaultListPolicy } from './list-life.ts'

let folder = ''
const run = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
}
const settings = `
[req]
distinguished_name = dn
prompt = no
[dn]
CN = nobody
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical,CA:FALSE
keyUsage = critical,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`

/** A CA, a signer of lists and two devices, made by OpenSSL. */
beforeAll(() => {
  requireProgram({ command: 'openssl', debianPackage: 'openssl' })
  folder = mkdtempSync(join(tmpdir(), 'keyline-lists-'))
  writeFileSync(join(folder, 'settings.conf'), settings)
  for (const name of ['ca', 'signer', 'good', 'bad']) {
    run('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`)
    run(
      'req',
      '-new',
      '-key',
      `${name}.key`,
      '-subj',
      `/CN=${name}`,
      '-config',
      'settings.conf',
      '-out',
      `${name}.csr`,
    )
  }
  const common = ['-extfile', 'settings.conf', '-sha256', '-days', '3000']
  run(
    'x509',
    '-req',
    '-in',
    'ca.csr',
    '-signkey',
    'ca.key',
    '-out',
    'ca.pem',
    '-extensions',
    'ca',
    ...common,
  )
  for (const [name, kind, serial] of [
    ['signer', 'signer', '0x10'],
    ['good', 'leaf', '0x11'],
    ['bad', 'leaf', '0x12'],
  ] as const) {
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', serial, '-extensions', kind]
    run('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...by, ...common)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const certificate = (name: string): Uint8Array =>
  pemDecode(readFileSync(join(folder, `${name}.pem`), 'utf8'), 'CERTIFICATE')
const signerOf = (name: string) =>
  keyPairSigner(
    p256FromEncoded({ octets: Uint8Array.from(readFileSync(join(folder, `${name}.key`))) }),
  )

async function writeList(delegate?: string): Promise<void> {
  const issuer = certificate('ca')
  const store = new MemoryLists()
  const keyId = toHex(keyIdentifier(parseCertificate(issuer).spki.key.octets))
  const revocation = { reason: 'superseded', revokedAt: Date.now() - 1000 } as const
  store.revoke(keyId, { serialNumber: toHex(fromHex('12')), ...revocation })
  store.revoke(keyId, { serialNumber: toHex(fromHex('34')), ...revocation })
  const authority = openListAuthority({
    issuer,
    delegate: delegate === undefined ? undefined : certificate(delegate),
    signer: signerOf(delegate ?? 'ca'),
  })
  const clock = new VirtualClock(Date.now())
  const builder = new ListBuilder({ authority, store, clock, policy: defaultListPolicy })
  const { der } = await builder.build()
  writeFileSync(join(folder, 'list.pem'), pemEncode('X509 CRL', der))
}

function verify(name: string): string {
  const args = ['verify', '-crl_check', '-CAfile', 'ca.pem', '-CRLfile', 'list.pem']
  const { stdout, stderr } = spawnSync('openssl', [...args, `${name}.pem`], {
    cwd: folder,
    encoding: 'utf8',
  })
  return stdout + stderr
}

describe('OpenSSL', () => {
  it('goes by the list of a CA', async () => {
    await writeList()
    expect(verify('good')).toContain('good.pem: OK')
    expect(verify('bad')).toContain('certificate revoked')
  })

  it('reads the list of a signer that the CA delegates to', async () => {
    await writeList('signer')
    // To go by it, OpenSSL would need a distribution point in each certificate, which a DAC must not have.
    const args = ['crl', '-in', 'list.pem', '-noout', '-text', '-CAfile', 'signer.pem']
    const { stdout, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' })
    expect(stderr).toContain('verify OK')
    const text = stdout.replaceAll(/\s+/g, ' ')
    for (const part of [
      'Issuer: CN = signer',
      'X509v3 Issuing Distribution Point: critical Indirect CRL',
      'X509v3 Certificate Issuer: critical DirName:',
    ]) {
      expect(text).toContain(part)
    }
  })
})
