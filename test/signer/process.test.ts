import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeUtf8, Secret, systemRandom, toHex } from '@keyline/bytes'
import { generateP256, p256ScalarOf } from '@keyline/crypto'
import { connectSigner, pkiFiles } from '@keyline/issuer'
import { pemDecode } from '@keyline/x509'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { authorityFor, dacBy, isIssued } from '../../packages/issuer/src/testing/test-authority.ts'
import { keyline, runKeyline, startKeyline, type KeylineProcess } from '../cli/support/keyline.ts'
import { writePassphrase, passphrase } from '../cli/support/pki.ts'
import { bundledProgram } from '../support/bundled-program.ts'
import { scaled } from '../support/scale.ts'
import { modulesAtHand, TestToken } from '../support/softhsm.ts'
import { occurrencesInMemory } from './support/process-memory.ts'

let clientProgram: string
let folder: string
let passphraseFile: string
let ended: (() => Promise<unknown>)[]
beforeAll(async () => {
  clientProgram = await bundledProgram(join(import.meta.dirname, 'support/client-process.ts'))
})
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-signer-'))
  passphraseFile = await writePassphrase(folder)
  ended = []
})
afterEach(async () => {
  for (const end of ended.toReversed()) await end()
  rmSync(folder, { recursive: true })
})

const address = (): string => `unix:${join(folder, 'run/pai.sock')}`
const pkiFolder = (): string => join(folder, 'pki')
const paiOf = (pki: string): Uint8Array =>
  pemDecode(readFileSync(join(pki, 'pai.cert.pem'), 'utf8'), 'CERTIFICATE')

/** The PKI of a folder, and the scalar of its PAI key. */
async function writeKnownPki(): Promise<Secret> {
  const keyPair = generateP256()
  const { paa, pai } = await authorityFor(keyPair.publicKey)
  const files = await pkiFiles({
    pki: { paa: { certificate: paa }, pai: { certificate: pai, keyPair } },
    passphrase: new Secret(encodeUtf8(passphrase)),
    random: systemRandom,
    iterations: 10_000,
  })
  mkdirSync(pkiFolder())
  for (const { name, content } of files) writeFileSync(join(pkiFolder(), name), content)
  return p256ScalarOf(keyPair)
}

async function startSigner(
  options: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<KeylineProcess> {
  const args = ['signer', '--listen', address(), '--passphrase-file', passphraseFile, ...options]
  const signer = startKeyline(args, { env })
  ended.push(() => signer[Symbol.asyncDispose]())
  await signer.until('unix:')
  return signer
}

/** A process that issues certificates through the socket and never had the key. */
class Client {
  readonly #child: ChildProcess

  constructor(pai: Uint8Array) {
    this.#child = fork(clientProgram, [address(), toHex(pai)], { execArgv: [] })
    ended.push(async () => {
      if (this.#child.exitCode !== null || !this.#child.kill('SIGKILL')) return
      await once(this.#child, 'exit')
    })
  }

  get pid(): number {
    return pidOf(this.#child)
  }

  async isReady(): Promise<this> {
    await once(this.#child, 'message')
    return this
  }

  /** How many of so many certificates at once were good. */
  async issue(count: number): Promise<unknown> {
    const answer = once(this.#child, 'message')
    this.#child.send(count)
    const [good] = await answer
    return good
  }
}

function pidOf({ pid }: { readonly pid?: number | undefined }): number {
  if (pid === undefined) throw new Error('the process has no number')
  return pid
}

describe('the signer process', () => {
  it('alone has the key in its memory, its client has never', async () => {
    const scalar = await writeKnownPki()
    const signer = await startSigner(['--pki', pkiFolder()])
    const client = await new Client(paiOf(pkiFolder())).isReady()
    expect(await client.issue(50)).toBe(50)
    const octets = scalar.reveal()
    // Without this one, nothing found in the client would mean nothing.
    expect(occurrencesInMemory(pidOf(signer.process), octets)).toBeGreaterThan(0)
    expect(occurrencesInMemory(client.pid, octets)).toBe(0)
  })

  it('killed at any moment has counted at least what it signed, and goes on after that', async () => {
    await writeKnownPki()
    const pai = paiOf(pkiFolder())
    const limit = 200
    const options = ['--pki', pkiFolder(), '--limit', String(limit), '--json']
    let good = 0
    for (let round = 0; round < scaled(2, 20); round++) {
      const signer = await startSigner(options)
      const client = await connectSigner({ address: address() })
      const asked = Array.from({ length: 40 }, () => dacBy(client, pai))
      // Some are answered, some are not, when it dies.
      await Promise.race(asked)
      signer.process.kill('SIGKILL')
      await signer.ended
      const dacs = await Promise.allSettled(asked)
      good += dacs.filter((dac) => dac.status === 'fulfilled' && isIssued(dac.value, pai)).length
      await client.close()
    }
    const last = await startSigner(options)
    const { counted } = JSON.parse(last.said) as { readonly counted: number }
    expect(counted).toBeGreaterThanOrEqual(good)
    expect(good).toBeGreaterThan(0)
    const client = await connectSigner({ address: address() })
    const rest = await Promise.allSettled(Array.from({ length: limit }, () => dacBy(client, pai)))
    expect(rest.filter(({ status }) => status === 'fulfilled')).toHaveLength(limit - counted)
    await client.close()
    last.process.kill('SIGTERM')
    expect((await last.ended).code).toBe(130)
    expect(existsSync(address().slice('unix:'.length))).toBe(false)
  })

  it('is one for a counter', async () => {
    await writeKnownPki()
    await startSigner(['--pki', pkiFolder()])
    const second = await runKeyline([
      'signer',
      '--listen',
      `unix:${join(folder, 'run/other.sock')}`,
      '--pki',
      pkiFolder(),
      '--passphrase-file',
      passphraseFile,
    ])
    expect(second).toMatchObject({
      code: 3,
      err: expect.stringContaining('STATION_BUSY') as string,
    })
  })

  it.each<readonly [string, readonly string[], string]>([
    ['no key', [], 'name either --pki'],
    ['a key without its certificate', ['--key', 'unix:/x', '--counter', 'c'], 'name either --pki'],
    ['a key without a counter', ['--key', 'unix:/x', '--pai', 'x'], '--counter'],
    ['a folder without a PKI', ['--pki', '/nowhere'], 'CLI_PASSPHRASE'],
  ])('refuses to start with %s', async (_, options, text) => {
    const { code, err } = await keyline('signer', '--listen', address(), ...options)
    expect(code).toBe(2)
    expect(err).toContain(text)
  })
})

describe.each(modulesAtHand())('keys in $module on the command line', () => {
  let token: TestToken
  beforeAll(() => {
    token = new TestToken()
  })
  afterAll(() => token[Symbol.dispose]())

  const keyUri = (object: string, pin = `&pin-source=file:${token.pinFile}`): string =>
    `pkcs11:token=${encodeURIComponent(token.label)};object=${object}?module-path=${token.modulePath}${pin}`

  it('make a PKI without a key file, which a signer process holds and a server uses', async () => {
    const made = await keyline(
      'pki',
      'init',
      '--vid',
      '0xFFF1',
      '--out',
      pkiFolder(),
      '--paa-key',
      keyUri('paa'),
      '--pai-key',
      keyUri('pai'),
    )
    expect(made).toMatchObject({ code: 0, err: '' })
    const uri = readFileSync(join(pkiFolder(), 'pai.key.uri'), 'utf8')
    expect(uri).toContain('object=pai')
    expect(uri).not.toContain('4711')
    expect(existsSync(join(pkiFolder(), 'pai.key.pem'))).toBe(false)
    await startSigner(['--pki', pkiFolder(), '--limit', '5'], token.env)
    const pai = paiOf(pkiFolder())
    const client = await new Client(pai).isReady()
    expect(await client.issue(8)).toBe(5)
  })

  it('make a PAI for a PAA that exists', async () => {
    const first = await keyline(
      'pki',
      'init',
      '--vid',
      '0xFFF1',
      '--out',
      pkiFolder(),
      '--passphrase-file',
      passphraseFile,
    )
    expect(first.code).toBe(0)
    const line = join(folder, 'line-2')
    const second = await keyline(
      'pki',
      'init',
      '--vid',
      '0xFFF1',
      '--pid',
      '0x8004',
      '--out',
      line,
      '--paa',
      pkiFolder(),
      '--passphrase-file',
      passphraseFile,
      '--pai-key',
      keyUri('line-2'),
    )
    expect(second).toMatchObject({ code: 0, err: '' })
    const [one, two] = [pkiFolder(), line].map((pki) => readFileSync(join(pki, 'paa.cert.pem')))
    expect(two).toEqual(one)
    expect(existsSync(join(line, 'paa.key.pem'))).toBe(false)
    const verified = await keyline(
      'pki',
      'lint',
      join(line, 'pai.cert.pem'),
      '--paa',
      join(line, 'paa.cert.pem'),
    )
    expect(verified.code, verified.out + verified.err).toBe(0)
  })

  it.each<readonly [string, () => readonly string[], string]>([
    ['without a PIN', () => ['--vid', '0xFFF1', '--pai-key', keyUri('x', '')], 'CLI_PIN'],
    [
      'with a PIN on the command line',
      () => ['--vid', '0xFFF1', '--pai-key', `${keyUri('x', '')}&pin-value=4711`],
      'ISSUER_KEY_URI',
    ],
    [
      'with a PIN file that is not there',
      () => ['--vid', '0xFFF1', '--pai-key', keyUri('x', '&pin-source=file:/nowhere')],
      'CLI_PIN',
    ],
    [
      'with a PAA that is new and old',
      () => ['--vid', '0xFFF1', '--paa', folder, '--paa-key', keyUri('x')],
      'CLI_USAGE',
    ],
  ])('are not made %s', async (_, options, code) => {
    const { err, code: exit } = await keyline(
      'pki',
      'init',
      '--out',
      join(folder, 'refused'),
      '--passphrase-file',
      passphraseFile,
      ...options(),
    )
    expect(exit).toBe(2)
    expect(err).toContain(code)
    expect(err).not.toContain('4711')
    expect(existsSync(join(folder, 'refused'))).toBe(false)
  })
})
