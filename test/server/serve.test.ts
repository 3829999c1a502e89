import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { toBase64 } from '@keyline/bytes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  keyline,
  stackTrace,
  startKeyline,
  type Ended,
  type KeylineProcess,
} from '../cli/support/keyline.ts'
import { temporaryFolder } from '../support/line.ts'
import { Client, member } from './support/call.ts'
import { requestOf } from './support/request.ts'
import { pemDecode } from '@keyline/x509'

const passphrase = 'canary-passphrase-of-the-pai'
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let pki: string
let passphraseFile: string

beforeAll(async () => {
  folder = await temporaryFolder('keyline-serve')
  pki = join(folder.path, 'pki')
  passphraseFile = join(folder.path, 'passphrase')
  await writeFile(passphraseFile, `${passphrase}\n`, { mode: 0o600 })
  const made = await keyline(
    'pki',
    'init',
    '--vid',
    '0xFFF1',
    '--out',
    pki,
    '--passphrase-file',
    passphraseFile,
  )
  if (made.code !== 0) throw new Error(made.err)
})
afterAll(() => folder[Symbol.asyncDispose]())

const home = (name: string): string => join(folder.path, name)

const options = (name: string): readonly string[] => [
  '--home',
  home(name),
  '--pki',
  pki,
  '--passphrase-file',
  passphraseFile,
  '--listen',
  '127.0.0.1:0',
  '--host-name',
  'localhost',
]

/** A command line that must not come to serve. */
async function refused(...args: readonly string[]): Promise<Ended> {
  const ended = await keyline('serve', ...args)
  expect(ended.out).toBe('')
  expect(ended.err).not.toMatch(stackTrace)
  return ended
}

async function portOf(server: KeylineProcess): Promise<number> {
  await server.until('"listening":{')
  const line = server.said.split('\n').find((one) => one.includes('"listening":{')) ?? ''
  return Number(/"port":(\d+)/.exec(line)?.[1])
}

describe('keyline serve', () => {
  it('makes its service once, serves, and stops at SIGTERM when what is in flight has ended; no secret is said', async () => {
    await using server = startKeyline(['serve', ...options('first'), '--init', '--json'])
    const port = await portOf(server)
    const caFile = join(home('first'), 'service', 'ca.cert.pem')
    const tokenFile = join(home('first'), 'service', 'owner.token')
    const token = await readFile(tokenFile, 'utf8')
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600)

    const credentials = join(folder.path, 'owner')
    const url = `https://localhost:${port}`
    const where = ['--server', url, '--ca', caFile, '--credentials', credentials]
    const enrolled = await keyline('enroll', ...where, '--name', 'owner', '--token-file', tokenFile)
    expect(enrolled).toMatchObject({ code: 0 })
    const listed = await keyline('member', 'list', '--credentials', credentials)
    expect(listed.out).toMatch(/owner +owner +active/)

    const ca = pemDecode(await readFile(caFile, 'utf8'), 'CERTIFICATE')
    const [cert, key] = await Promise.all(
      ['member.cert.pem', 'member.key.pem'].map((name) =>
        readFile(join(credentials, name), 'utf8'),
      ),
    )
    using owner = new Client({ port, ca, credentials: { cert: cert ?? '', key: key ?? '' } })
    const csr = toBase64(await requestOf())
    const errors = await Promise.all([
      owner.call({
        method: 'POST',
        path: `/v1/orders/${csr.slice(0, 40)}/dac`,
        body: csr,
        headers: { 'content-type': 'application/json', 'idempotency-key': 'canary-of-a-key' },
      }),
      owner.call({
        method: 'POST',
        path: '/v1/members',
        body: `{"name":"canary-${token}"}`,
        headers: { 'content-type': 'application/json' },
      }),
      owner.call({
        path: '/nowhere',
        headers: { authorization: `Basic ${toBase64(new TextEncoder().encode(`owner:${token}`))}` },
      }),
    ])
    const invited = await owner.call({
      method: 'POST',
      path: '/v1/members',
      body: '{"name":"s1","role":"station"}',
      headers: { 'content-type': 'application/json' },
    })
    const secondToken = String(member(invited.text, 'token'))
    const metrics = await owner.call({ path: '/metrics' })
    expect(metrics.text).toContain('keyline_requests_total')

    server.process.kill('SIGTERM')
    const { code, out, err } = await server.ended
    expect(code).toBe(0)
    const log = err
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(log).toContainEqual(expect.objectContaining({ level: 'info', msg: 'stopped' }))
    const said = [out, err, metrics.text, ...errors.map(({ text }) => text)].join('\n')
    const keys = await Promise.all(
      [
        join(pki, 'pai.key.pem'),
        join(home('first'), 'store.key'),
        join(credentials, 'member.key.pem'),
      ].map((path) => readFile(path, 'utf8')),
    )
    for (const secret of [
      passphrase,
      token,
      secondToken,
      csr,
      'canary-of-a-key',
      ...keys.map((text) => text.split('\n')[1] || text.trim()),
    ]) {
      expect(secret.length).toBeGreaterThan(14)
      expect(said.includes(secret)).toBe(false)
    }

    expect(await refused(...options('first'), '--init')).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^keyline: SERVER_SERVICE_CA_EXISTS: .* Remedy: /),
    })
  })

  it('says what is missing or in its way, and what to do', async () => {
    expect(
      await refused('--home', home('empty'), '--passphrase-file', passphraseFile),
    ).toMatchObject({ code: 2, err: expect.stringContaining('CLI_NO_PKI') })
    expect(await refused(...options('no-ca'))).toMatchObject({
      code: 3,
      err: expect.stringContaining('SERVER_SERVICE_CA_MISSING'),
    })

    const wrong = join(folder.path, 'wrong-passphrase')
    await writeFile(wrong, 'not-the-passphrase\n')
    expect(await refused(...options('wrong'), '--passphrase-file', wrong)).toMatchObject({
      code: 2,
      err: expect.stringContaining('ISSUER_PASSPHRASE'),
    })

    expect(await refused(...options('production'), '--policy', 'production')).toMatchObject({
      code: 3,
      err: expect.stringContaining('KEYLINE_STORE_KEY_FILE'),
    })
    expect(await refused('--ledger', 'postgres://user:hunter2@localhost/x')).toMatchObject({
      code: 2,
      err: expect.not.stringContaining('hunter2'),
    })
    expect(await refused('--listen', 'nowhere')).toMatchObject({ code: 2 })
    expect(await refused('--host-name', 'two words')).toMatchObject({ code: 2 })
  })

  it('leaves a busy home and a busy port alone', async () => {
    await mkdir(join(home('busy'), 'locks'), { recursive: true })
    await writeFile(join(home('busy'), 'locks', 'station.lock'), `${process.ppid}\n`)
    expect(await refused(...options('busy'), '--init')).toMatchObject({
      code: 3,
      err: expect.stringContaining('STATION_BUSY'),
    })

    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const ended = await refused(...options('port'), '--init', '--listen', `127.0.0.1:${port}`)
    expect(ended).toMatchObject({
      code: 3,
      err: expect.stringContaining(`SERVER_ADDRESS: 127.0.0.1:${port} is in use`),
    })
    other.close()
  })

  it('refuses a key in a file under policy production', async () => {
    const storeKey = join(folder.path, 'store-key')
    await writeFile(storeKey, 'ab'.repeat(32), { mode: 0o600 })
    const assigned = join(folder.path, 'assigned')
    await keyline(
      'pki',
      'init',
      '--vid',
      '0x1234',
      '--out',
      assigned,
      '--passphrase-file',
      passphraseFile,
    )
    await using server = startKeyline(
      ['serve', ...options('strict'), '--pki', assigned, '--policy', 'production', '--init'],
      { env: { KEYLINE_STORE_KEY_FILE: storeKey } },
    )
    const { code, err } = await server.ended
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('ISSUER_POLICY_REFUSES: the PAI key lies in a file'),
    ])
  })
})
