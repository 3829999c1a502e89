import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { p256FromEncoded } from '@keyline/crypto'
import { parseCertificate, pemDecode } from '@keyline/x509'
import { keyline } from '../cli/support/keyline.ts'
import {
  homeOf,
  openTestStation,
  runTestLine,
  temporaryFolder,
  writeOrder,
} from '../support/line.ts'
import { clockOf, openIssuer } from '@keyline/cli/wiring'
import { startTestServer } from './support/running-server.ts'

describe('a station with its issuer behind a server', () => {
  it.each([
    ['https', 8],
    ['est+https', 2],
  ])('makes boards over %s, each recorded at both ends', async (scheme, quantity) => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(join(folder.path, 'server'))
    const officer = await server.enrol('officer', 'officer')
    const credentials = await server.enrol('station-1', 'station')
    const order = await writeOrder(folder.path, { quantity })
    expect(await keyline('order', 'create', order, '--credentials', officer)).toMatchObject({
      code: 0,
      err: '',
    })

    const address = server.url.replace('https', scheme)
    const { code, out, err } = await keyline(
      'provision',
      order,
      '--slots',
      '4',
      '--fast',
      '--json',
      '--issuer',
      address,
      '--credentials',
      credentials,
      '--home',
      homeOf(folder.path),
      '--results',
      join(folder.path, 'results'),
    )
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out.match(/"verdict":"PASS"/g)).toHaveLength(quantity)

    const shown = await keyline('order', 'show', 'order-1', '--credentials', officer, '--json')
    expect(JSON.parse(shown.out)).toMatchObject({ certificatesUsed: quantity, state: 'open' })
    const station = await openTestStation(folder.path)
    try {
      const reports = await station.ledger.unitsOf('order-1')
      expect(reports).toHaveLength(quantity)
      for (const { unit, certificates } of reports) {
        const [own, ...more] = certificates
        expect(more).toEqual([])
        const atServer = await server.ledger.certificate(own?.sha256 ?? '')
        expect(atServer).toMatchObject({ unitId: unit.id, stationId: 'station-1', state: 'live' })
      }
    } finally {
      await station.close()
    }
  })

  it('says what is wrong, and blames no board, when the server refuses', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(join(folder.path, 'server'))
    const officer = await server.enrol('officer', 'officer')
    const credentials = await server.enrol('station-1', 'station')
    const order = await writeOrder(folder.path)
    const provision = (...more: readonly string[]) =>
      keyline(
        'provision',
        order,
        '--fast',
        '--issuer',
        server.url,
        '--credentials',
        credentials,
        '--home',
        homeOf(folder.path),
        '--results',
        join(folder.path, 'results'),
        ...more,
      )

    const unknown = await provision()
    expect(unknown).toMatchObject({ code: 3, out: '' })
    expect(unknown.err).toContain('order-1')
    expect(unknown.err).toContain('ISSUER_ORDER_UNKNOWN')

    await keyline('order', 'create', order, '--credentials', officer)
    await keyline('order', 'pause', 'order-1', '--credentials', officer)
    const paused = await provision()
    expect(paused.code).toBe(3)
    expect(paused.out).not.toContain('bind')
    expect(paused.err).toContain('ISSUER_ORDER_PAUSED')

    await keyline('order', 'resume', 'order-1', '--credentials', officer)
    const block = ['member', 'block', 'station-1', '--reason', 'stolen', '--credentials', officer]
    expect(await keyline(...block)).toMatchObject({ code: 0, out: 'station-1 is blocked\n' })
    const blocked = await provision()
    expect(blocked.code).toBe(3)
    expect(blocked.out).not.toContain('bind')
    expect(blocked.err).toContain('ISSUER_STATION_UNTRUSTED')

    expect(await keyline('member', 'unblock', 'station-1', '--credentials', officer)).toMatchObject(
      { code: 0 },
    )
    expect((await provision()).code).toBe(0)
    expect(await server.ledger.order('order-1')).toMatchObject({ certificatesUsed: 1 })
  })
})

/** Fault matrix, SER-7. */
it('a certificate whose key a restart has lost is revoked at the server', async () => {
  await using folder = await temporaryFolder()
  await using server = await startTestServer(join(folder.path, 'server'))
  const officer = await server.enrol('officer', 'officer')
  const credentials = await server.enrol('station-1', 'station')
  await keyline('order', 'create', await writeOrder(folder.path), '--credentials', officer)
  const clock = clockOf(true)
  const warnings: string[] = []
  const pki = await openIssuer({
    address: { kind: 'rest', url: server.url },
    order: { id: 'order-1', policy: 'test', product: { vendorId: 0xfff1, productId: 0x8004 } },
    credentials,
    clock,
    onWarning: (text) => warnings.push(text),
  })
  const run = await runTestLine({
    folder: folder.path,
    faults: [{ slot: 1, name: 'restart-before-commit' }],
    boardsInMemory: true,
    clock,
    pki,
  })
  await pki.issuer.close()
  expect(run.summary).toMatchObject({ pass: 1 })
  const station = await openTestStation(folder.path)
  const [report] = await station.ledger.unitsOf('order-1')
  await station.close()
  const lost = report?.certificates.find(({ state }) => state === 'void')
  const { issuerKeyId = '', serialNumber } = lost ?? {}
  const revoked = []
  for await (const one of server.ledger.revocation.list(issuerKeyId)) revoked.push(one)
  expect(revoked).toMatchObject([{ serialNumber, reason: 'superseded' }])
  expect(warnings).toEqual([])
})

describe('a member', () => {
  it('enrols once with its token, into files that only its owner reads', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(join(folder.path, 'server'))
    const owner = await server.enrol('owner', 'owner')
    const invited = await keyline(
      'member',
      'invite',
      'station-2',
      '--role',
      'station',
      '--credentials',
      owner,
    )
    expect(invited.out).toMatch(/^[\w-]{43}\n$/)
    const token = await server.invite('station-3', 'station')
    const enrol = (name: string, to: string) =>
      keyline(
        'enroll',
        '--server',
        server.url,
        '--ca',
        server.caFile,
        '--name',
        name,
        '--json',
        '--token-file',
        token,
        '--credentials',
        join(folder.path, to),
      )
    const done = await enrol('station-3', 'a')
    expect(done.code).toBe(0)
    const files = (await readdir(join(folder.path, 'a'))).toSorted()
    expect(files).toEqual([
      'ca.cert.pem',
      'member.cert.pem',
      'member.key.pem',
      'paa.cert.pem',
      'server.url',
    ])
    const key = join(folder.path, 'a', 'member.key.pem')
    expect((await stat(key)).mode & 0o777).toBe(0o600)
    const certificate = parseCertificate(
      pemDecode(await readFile(join(folder.path, 'a', 'member.cert.pem'), 'utf8'), 'CERTIFICATE'),
    )
    const pair = p256FromEncoded({ octets: await readFile(key) })
    expect(certificate.publicPoint).toEqual(pair.publicKey.point)
    const days = (certificate.notAfter.getTime() - Date.now()) / 86_400_000
    expect(days).toBeLessThanOrEqual(90)

    const again = await enrol('station-3', 'b')
    expect(again.code).toBe(3)
    expect(again.err).toContain('ISSUER_STATION_UNTRUSTED')
    expect((await enrol('station-3', 'a')).err).toContain('CLI_EXISTS')

    const listed = await keyline('member', 'list', '--credentials', owner)
    expect(listed.out).toMatch(/^name +role +state +notAfter\n/)
    expect(listed.out).toMatch(/station-3 +station +active/)
    const asStation = await keyline('member', 'list', '--credentials', join(folder.path, 'a'))
    expect(asStation.code).toBe(3)
    expect(asStation.err).toContain('403')
  })

  it('may close its key with a passphrase, without which it is nobody', async () => {
    await using folder = await temporaryFolder()
    await using server = await startTestServer(join(folder.path, 'server'))
    const passphrase = join(folder.path, 'passphrase')
    await writeFile(passphrase, 'correct horse battery\n', { mode: 0o600 })
    const token = await server.invite('auditor', 'auditor')
    const credentials = ['--credentials', join(folder.path, 'auditor')]
    const closed = ['--passphrase-file', passphrase]
    const where = ['--server', server.url, '--ca', server.caFile, '--token-file', token]
    const enrolled = await keyline(
      'enroll',
      '--name',
      'auditor',
      ...where,
      ...credentials,
      ...closed,
    )
    expect(enrolled).toMatchObject({ code: 0, err: '' })
    const key = await readFile(join(folder.path, 'auditor', 'member.key.pem'), 'utf8')
    expect(key).toContain('BEGIN ENCRYPTED PRIVATE KEY')
    expect(await keyline('order', 'list', ...credentials, ...closed)).toMatchObject({
      code: 0,
      out: 'none\n',
    })
    const open = await keyline('order', 'list', ...credentials)
    expect(open.code).toBe(2)
    expect(open.err).toContain('CLI_PASSPHRASE')
  })
})
