import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { temporaryFolder } from '../support/line.ts'
import { keyline, runKeyline, stackTrace, type Ended } from './support/keyline.ts'

const macKey = '00112233445566778899aabbccddeeff'
const cipherKey = '0123456789abcdef0123456789abcdef'
const message = '000102030405060708090a0b0c0d0e0f'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let device: readonly string[]

beforeEach(async () => {
  folder = await temporaryFolder('keyline-stsafe')
  device = ['--device', `sim:${inFolder('chip.json')}`]
})
afterEach(() => folder[Symbol.asyncDispose]())

const inFolder = (name: string): string => join(folder.path, name)

/** A command for the chip of this test. */
function stsafe(...args: readonly string[]): Promise<Ended> {
  return keyline('stsafe', ...args, ...device)
}

/** The document of a command that has to succeed. */
async function documentOf(...args: readonly string[]): Promise<unknown> {
  const { code, out, err } = await stsafe(...args, '--json')
  expect({ code, args, err: code === 0 ? '' : err }).toEqual({ code: 0, args, err: '' })
  return parseJson(out, 'the result')
}

async function fileOf(name: string, content: string): Promise<string> {
  await writeFile(inFolder(name), content, { mode: 0o600 })
  return inFolder(name)
}

function hostKeysFile(): Promise<string> {
  return fileOf('host-keys.json', JSON.stringify({ macKey, cipherKey }))
}

async function withHostKeys(): Promise<readonly string[]> {
  const file = await hostKeysFile()
  await documentOf('host-keys', 'provision', '--keys', file)
  return ['--host-keys', file]
}

/** The key of the example, in slot 0. */
async function withCmacKey(): Promise<void> {
  await documentOf('keys', 'control', '0', '--allow', 'establish,wrapped', '--permanent')
  const key = await fileOf('key.txt', `${'5a'.repeat(16)}\n`)
  const mode = ['--mode', 'CMAC', '--min-mac-length', '2', '--usage', 'generate-mac,verify-mac']
  await documentOf('keys', 'provision', '0', '--key', key, '--type', 'AES-128', ...mode)
}

describe('stsafe', () => {
  it('says what the part is, and keeps it in its file', async () => {
    const first = await documentOf('info')
    expect(first).toMatchObject({
      part: 'STSAFE-A120',
      lifeCycle: 'operational',
      i2cAddress: 0x20,
      hostKeys: { presence: false },
    })
    expect(await documentOf('info')).toEqual(first)
    const { out } = await stsafe('info')
    expect(out).toMatch(/^part {2,}STSAFE-A120$/m)
    expect(out).toMatch(/^st number {2,}0209[0-9a-f]{14}$/m)
    expect((await stat(inFolder('chip.json'))).mode & 0o777).toBe(0o600)
  })

  it('draws random octets and lets a message come back', async () => {
    expect((await stsafe('random', '300')).out).toMatch(/^[0-9a-f]{600}\n$/)
    expect(await documentOf('echo', '--text', 'hello')).toEqual({
      sent: '68656c6c6f',
      answer: '68656c6c6f',
      same: true,
    })
    expect((await stsafe('reset')).out).toBe('reset\n')
  })

  it('provisions host keys in every way, and opens a session with them', async () => {
    const allowed = ['host-keys', 'control', '--allow', 'wrapped,plaintext,reprovision']
    const refused = await stsafe(...allowed)
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toMatch(
      /CLI_PERMANENT: the control fields .+ never .+Remedy: .+--permanent/,
    )

    const { err, out } = await stsafe(...allowed, '--permanent')
    expect(err).toBe(
      'permanent: the control fields of the host key slot can never be changed again\n',
    )
    expect(out).toMatch(/^change right +no$/m)

    const session = await withHostKeys()
    expect(await documentOf('echo', '--hex', '01', ...session)).toMatchObject({ same: true })
    const drawn = inFolder('drawn.json')
    await documentOf('host-keys', 'provision-wrapped', '--generate', 'AES-256', '--out', drawn)
    expect(await documentOf('host-keys', 'status')).toMatchObject({ type: 'AES-256', counter: 0 })
    expect((await stat(drawn)).mode & 0o777).toBe(0o600)
    const wrong = await stsafe('echo', '--hex', '01', ...session)
    expect(wrong).toMatchObject({ code: 2, out: '' })
    expect(wrong.err).toContain('AES-256')

    const agreed = inFolder('agreed.json')
    await documentOf('host-keys', 'establish', '--curve', 'X25519', '--out', agreed)
    expect(parseJson(await readFile(agreed, 'utf8'), 'keys')).toMatchObject({ type: 'AES-128' })
    const again = await stsafe('host-keys', 'establish', '--out', agreed)
    expect(again).toMatchObject({ code: 2, out: '' })
    expect(again.err).toContain('CLI_EXISTS')
  })

  it('provisions a CMAC key in an envelope, and computes and verifies the MAC of the example', async () => {
    await withCmacKey()
    const { out } = await stsafe('keys', 'list')
    expect(out).toMatch(/^00 +unlocked +AES-128 +CMAC +verify-mac generate-mac +2$/m)
    expect(await documentOf('mac', '--slot', '0', '--hex', message, '--length', '4')).toEqual({
      mac: 'be4ca3f2',
    })
    const verify = ['verify-mac', '--slot', '0', '--hex', message, '--mac']
    expect(await documentOf(...verify, 'be4ca3f2')).toEqual({ valid: true })
    expect(await stsafe(...verify, 'be4ca3f3')).toEqual({
      code: 1,
      out: 'the MAC is WRONG\n',
      err: '',
    })
  })

  it('encrypts with the values of the example, and shows nothing when the tag is wrong', async () => {
    await documentOf('keys', 'control', '0', '--allow', 'wrapped', '--permanent')
    const key = await fileOf('key.txt', '5a'.repeat(32))
    const mode = ['--mode', 'ccm', '--tag-length', '4', '--usage', 'encrypt,decrypt']
    await documentOf('keys', 'provision', '0', '--key', key, '--type', 'AES-256', ...mode)
    const nonce = '000102030405060708090a0b0c'
    const bound = ['--slot', '0', '--nonce', nonce, '--aad', '5a'.repeat(8)]
    const { err, out } = await stsafe('encrypt', ...bound, '--hex', message, '--json')
    expect(err).toBe('warning: a tag of 4 octets for CCM*; 8 or more are advised\n')
    expect(parseJson(out, 'the result')).toEqual({
      nonce,
      ciphertext: '696630bb080fe41d610489d3da232166',
      tag: '0edbc627',
    })
    const decrypt = ['decrypt', ...bound, '--hex', '696630bb080fe41d610489d3da232166', '--tag']
    expect((await stsafe(...decrypt, '0edbc627')).out).toContain(message)
    expect(await stsafe(...decrypt, '0edbc628')).toMatchObject({
      code: 1,
      out: 'the tag is WRONG\n',
    })
  })

  it('agrees on a key, gives it to its file alone, and erases it only when told that it is gone', async () => {
    await documentOf('keys', 'control', '3', '--allow', 'establish', '--permanent')
    const out = inFolder('agreed.txt')
    const information = ['--type', 'AES-128', '--mode', 'ECB', '--usage', 'encrypt']
    const made = await stsafe('keys', 'establish', '3', '--out', out, ...information)
    expect(made.code).toBe(0)
    const key = (await readFile(out, 'utf8')).trim()
    expect(key).toMatch(/^[0-9a-f]{32}$/)
    expect(made.out + made.err).not.toContain(key)
    expect((await stsafe('keys', 'erase', '3')).err).toContain('CLI_PERMANENT')
    expect(await documentOf('keys', 'erase', '3', '--permanent')).toEqual({ slot: 3, erased: true })
    expect((await stsafe('keys', 'list')).out).toMatch(/^03 +-$/m)
  })
})

describe('stsafe, used wrongly', () => {
  it('names the ways to name a chip', async () => {
    const { code, err } = await keyline('stsafe', 'info')
    expect(code).toBe(2)
    expect(err).toMatch(/CLI_NO_DEVICE: .+--device or KEYLINE_STSAFE/)
    expect((await keyline('stsafe', 'info', '--device', 'usb:1')).err).toContain(
      'STSAFE_DEVICE_URI',
    )
  })

  it('ends what the caller can mend with 2 and a broken wire with 3', async () => {
    const refused = await stsafe('mac', '--slot', '5', '--hex', '00')
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toMatch(/^keyline: CHIP_KEY_NOT_FOUND: .+Remedy: .+\n$/)
    const gone = await keyline('stsafe', 'info', '--device', `unix:${inFolder('none.sock')}`)
    expect(gone).toMatchObject({ code: 3, out: '' })
  })

  it('takes no key from the command line, repeats none, and asks for none without a terminal', async () => {
    const information = ['--type', 'AES-128', '--mode', 'ECB', '--usage', 'encrypt']
    const key = await fileOf('key.txt', '5a5a not a key')
    const { code, err } = await stsafe('keys', 'provision', '0', '--key', key, ...information)
    expect(code).toBe(2)
    expect(err).toMatch(/CLI_KEYS: .+key\.txt is not an even number of hexadecimal digits/)
    expect(err).not.toContain('not a key')
    const none = await runKeyline(['stsafe', 'keys', 'provision', '0', ...information, ...device])
    expect(none.code).toBe(2)
    expect(none.err).toContain('--key')
    expect(none.err).not.toMatch(stackTrace)
  })

  it.each([
    ['{', 'cannot be understood'],
    ['{"macKey":"00","cipherKey":"00"}', '16 or both have 32'],
    [`{"macKey":"${macKey}"}`, 'cipherKey is missing'],
    [`{"type":"AES-256","macKey":"${macKey}","cipherKey":"${cipherKey}"}`, 'AES-128'],
  ])('says what is wrong with host keys %s', async (content, text) => {
    const { code, err } = await stsafe('info', '--host-keys', await fileOf('bad.json', content))
    expect(code).toBe(2)
    expect(err).toContain('CLI_KEYS')
    expect(err).toContain(text)
  })
})
