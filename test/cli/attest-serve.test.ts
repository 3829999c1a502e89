import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { get } from 'node:https'
import { createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { writePassphrase, writeTestPki } from './support/pki.ts'
import { attestDesk, type AttestDesk } from './support/attester.ts'
import { runKeyline, stackTrace, startKeyline, type KeylineProcess } from './support/keyline.ts'

let desk: AttestDesk
let device: string
let corim: string
beforeAll(async () => {
  desk = await attestDesk()
  device = await desk.device('u385')
  corim = desk.path('batch.corim')
  await desk.text('endorse', 'make', '--out', corim, '--device', device)
})
afterAll(() => desk[Symbol.asyncDispose]())

const address = /"listening":"([^"]+)"/
const replaced =
  /"pid":(\d+),"ended":"killed","delayMs":250,"msg":"a worker has ended and is replaced"/

async function listening(service: KeylineProcess): Promise<string> {
  await service.until('"keyId"')
  return address.exec(service.said)?.[1] ?? ''
}

describe('attest serve', () => {
  it('serves with two workers to those who have a credential, replaces one that is killed, and ends at Ctrl+C', async () => {
    const home = desk.path('home')
    const key = desk.path('provisioner.key')
    const made = await desk.text(
      'credential',
      'add',
      'line-1',
      '--role',
      'provisioner',
      '--out',
      key,
      '--home',
      home,
    )
    expect(made).toBe(`line-1 may ask as provisioner; the secret is in ${key}\n`)
    expect((await stat(key)).mode & 0o777).toBe(0o600)
    const secret = (await readFile(key, 'utf8')).trim()

    const [ca, tlsKey] = makeCertificate()
    const args = ['--home', home, '--listen', '127.0.0.1:0', '--policy', 'test', '--workers', '2']
    const tls = ['--tls-certificate', ca, '--tls-key', tlsKey]
    await using service = startKeyline(['attest', 'serve', ...args, ...tls, '--json'])
    const url = await listening(service)
    expect(url).toMatch(/^https:/)
    const there = ['--url', url, '--ca', ca]

    const nobody = await desk.run('endorse', 'submit', corim, ...there)
    expect({ code: nobody.code, out: nobody.out }).toEqual({ code: 2, out: '' })
    expect(nobody.err).toMatch(/CLI_VERIFIER_REFUSED: POST \S+ is answered with 401/)
    const submit = ['endorse', 'submit', corim, ...there, '--credentials-file', key]
    expect(await desk.document(...submit)).toMatchObject({ submissions: [{ accepted: true }] })

    const attest = ['token', '--device', device, ...there]
    expect(await desk.document(...attest)).toMatchObject({ outcome: 'genuine' })
    expect(await desk.document(...attest, '--one-request')).toMatchObject({ outcome: 'genuine' })
    const challenge = '77'.repeat(32)
    const token = desk.path('token.hex')
    await desk.text('token', '--device', device, '--challenge', challenge, '--out', token)
    const party = ['verify', token, '--nonce', challenge, ...there]
    expect(await desk.document(...party)).toMatchObject({ outcome: 'genuine' })

    const stranger = await desk.device('stranger')
    const refused = await desk.run('token', '--device', stranger, ...there)
    expect(refused.code).toBe(1)
    expect(refused.out).toContain('E_KEY_UNKNOWN')

    const untrusted = await desk.run('token', '--device', device, '--url', url)
    expect({ code: untrusted.code, out: untrusted.out }).toEqual({ code: 3, out: '' })
    expect(untrusted.err).toMatch(/CLI_COULD_NOT_CHECK: .+self-signed certificate/)
    const result = desk.path('ear.jwt')
    await desk.text(...attest, '--out', result)
    const body = await fetchText(`${url}/.well-known/jwks.json`, ca)
    const keys = await desk.file('jwks.json', body)
    expect(await desk.text('verify', result, '--key', keys)).toContain('signature  ES256, good\n')

    const [worker = 0] = await childrenOf(service)
    process.kill(worker, 'SIGKILL')
    await service.until('a worker has ended and is replaced')
    expect(Number(replaced.exec(service.said)?.[1])).toBe(worker)
    expect(await desk.document(...attest)).toMatchObject({ outcome: 'genuine' })

    service.interrupt()
    const { code, out, err } = await service.ended
    expect(code).toBe(0)
    expect(parseJson(out, 'the message')).toMatchObject({ policy: 'test', workers: 2 })
    expect(err).not.toContain(secret)
    expect(err).not.toMatch(stackTrace)
  })

  it('opens beside an issuer, on the ledger of the line', async () => {
    const home = desk.path('line')
    await desk.text('endorse', 'import', corim, '--home', home)
    const pki = await writeTestPki(desk.path('pki'))
    const passphrase = await writePassphrase(desk.path(''))
    const args = ['--init', '--home', home, '--pki', pki, '--passphrase-file', passphrase, '--json']
    const places = ['--listen', '127.0.0.1:0', '--verifier', '127.0.0.1:0']
    await using service = startKeyline(['serve', ...args, ...places])
    await service.until('"keyId"')
    const url = /"verifier":\{"listening":"([^"]+)"/.exec(service.said)?.[1] ?? ''
    expect(await desk.document('token', '--device', device, '--url', url)).toMatchObject({
      outcome: 'genuine',
    })
    service.interrupt()
    expect((await service.ended).code).toBe(0)
  })

  it('ends with the reason of its workers when the address is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const bound = taken.address()
    const port = typeof bound === 'object' ? bound?.port : undefined
    const args = ['--home', desk.path('taken'), '--listen', `127.0.0.1:${port}`, '--workers', '2']
    const { code, out, err } = await runKeyline(['attest', 'serve', ...args, '--policy', 'test'])
    taken.close()
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/keyline: SERVER_ADDRESS: .+ is in use/)
    expect(err).toMatch(/keyline: CLI_VERIFIER_WORKER: worker \d+ ended with 3 before it served/)
  })

  it('could not check is said when nobody is there', async () => {
    const { code, out, err } = await desk.run(
      'token',
      '--device',
      device,
      '--url',
      'http://127.0.0.1:9',
    )
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/^keyline: CLI_COULD_NOT_CHECK: .+ECONNREFUSED/)
  })

  it.each([
    ['settings that are none', ['--config', 'SETTINGS'], 2, /session\.ttlSeconds: /],
    ['settings that nobody knows', ['--config', 'UNKNOWN'], 2, /Unrecognized key: "sesion"/],
    [
      'an open service in production',
      ['--policy', 'production', '--open'],
      2,
      /asks for credentials/,
    ],
    ['half of TLS', ['--policy', 'test', '--tls-key', 'SETTINGS'], 2, /go together/],
    [
      'clients with certificates without TLS',
      ['--policy', 'test', '--client-ca', 'SETTINGS'],
      2,
      /needs a service with TLS/,
    ],
    ['an address that is none', ['--listen', '8080'], 2, /It must be HOST:PORT/],
    ['no worker', ['--workers', '0'], 2, /whole number from 1 to 64/],
    ['production without a store key of its own', ['--policy', 'production'], 3, /CLI_STORE_KEY/],
    [
      'an address that is not this machine',
      ['--policy', 'test', '--listen', '192.0.2.1:80'],
      3,
      /SERVER_ADDRESS/,
    ],
  ])('refuses %s before it serves', async (_, args, wanted, message) => {
    const files: Readonly<Record<string, string>> = {
      SETTINGS: await desk.file('settings.json', '{"session": {"ttlSeconds": 0}}'),
      UNKNOWN: await desk.file('unknown.json', '{"sesion": {}}'),
    }
    const given = args.map((arg) => files[arg] ?? arg)
    const { code, out, err } = await desk.run('serve', '--home', desk.path('never'), ...given)
    expect({ code, out }).toEqual({ code: wanted, out: '' })
    expect(err).toMatch(message)
    expect(err).not.toMatch(stackTrace)
  })
})

describe('attest credential', () => {
  it('makes one for clients that know Basic alone, lists it without its secret, and ends it', async () => {
    const home = desk.path('home-2')
    const file = desk.path('basic')
    const add = [
      'credential',
      'add',
      'cli',
      '--role',
      'manager',
      '--home',
      home,
      '--password',
      '--out',
    ]
    await desk.text(...add, file, '--days', '7')
    expect(await readFile(file, 'utf8')).toMatch(/^cli:[\w-]{32}\n$/)
    const again = await desk.run(...add, desk.path('second'))
    expect(again.code).toBe(2)
    expect(again.err).toMatch(/the credential cli exists/)
    await expect(readFile(desk.path('second'))).rejects.toThrow('ENOENT')
    const listed = await desk.text('credential', 'list', '--home', home)
    expect(listed).toMatch(/^name +kind +roles +ends\ncli +password +manager +20\d\d-/)
    expect(listed).not.toContain((await readFile(file, 'utf8')).split(':')[1])
    await desk.text('credential', 'remove', 'cli', '--home', home)
    expect((await desk.run('credential', 'remove', 'cli', '--home', home)).code).toBe(1)
  })

  it.each([
    ['a role that nobody has', ['add', 'x', '--role', 'king'], /"king" is no role/],
    ['a name that is none', ['add', '-', '--role', 'manager'], /is no name of a credential/],
  ])('refuses %s, and writes no secret', async (_, args, message) => {
    const out = desk.path('no-secret')
    const given = ['--out', out, '--home', desk.path('home-3')]
    const { code, err } = await desk.run('credential', ...args, ...given)
    expect(code).toBe(2)
    expect(err).toMatch(message)
    await expect(readFile(out)).rejects.toThrow('ENOENT')
  })
})

/** A certificate for this machine that is its own authority, and its key. */
function makeCertificate(): readonly [string, string] {
  const [certificate, key] = [desk.path('tls.pem'), desk.path('tls.key.pem')]
  const form = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const names = ['-subj', '/CN=verifier', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1']
  execFileSync('openssl', ['req', ...form, ...names, '-out', certificate, '-keyout', key], {
    stdio: 'ignore',
  })
  return [certificate, key]
}

/** Body of an answer of a server that shows this certificate. */
async function fetchText(url: string, ca: string): Promise<string> {
  const [message] = await once(get(url, { ca: await readFile(ca), agent: false }), 'response')
  return text(message)
}

/** Processes that a process has started. */
async function childrenOf({ process: parent }: KeylineProcess): Promise<readonly number[]> {
  const path = `/proc/${parent.pid}/task/${parent.pid}/children`
  return (await readFile(path, 'utf8')).trim().split(' ').map(Number)
}
