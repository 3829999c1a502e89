import { readFile, stat } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { newChip, type CommandLineChip } from './support/chip.ts'
import { keyline, runKeyline, stackTrace } from './support/keyline.ts'

const macKey = '00112233445566778899aabbccddeeff'
const cipherKey = '0123456789abcdef0123456789abcdef'
const message = '000102030405060708090a0b0c0d0e0f'

let chip: CommandLineChip

beforeEach(async () => {
  chip = await newChip()
})
afterEach(() => chip[Symbol.asyncDispose]())

function hostKeysFile(): Promise<string> {
  return chip.file('host-keys.json', JSON.stringify({ macKey, cipherKey }))
}

async function withHostKeys(): Promise<readonly string[]> {
  const file = await hostKeysFile()
  await chip.document('host-keys', 'provision', '--keys', file)
  return ['--host-keys', file]
}

/** The key of the example, in slot 0. */
async function withCmacKey(): Promise<void> {
  await chip.document('keys', 'control', '0', '--allow', 'establish,wrapped', '--permanent')
  const key = await chip.file('key.txt', `${'5a'.repeat(16)}\n`)
  const mode = ['--mode', 'CMAC', '--min-mac-length', '2', '--usage', 'generate-mac,verify-mac']
  await chip.document('keys', 'provision', '0', '--key', key, '--type', 'AES-128', ...mode)
}

describe('stsafe', () => {
  it('says what the part is, and keeps it in its file', async () => {
    const first = await chip.document('info')
    expect(first).toMatchObject({
      part: 'STSAFE-A120',
      lifeCycle: 'operational',
      i2cAddress: 0x20,
      hostKeys: { presence: false },
    })
    expect(await chip.document('info')).toEqual(first)
    const { out } = await chip.run('info')
    expect(out).toMatch(/^part {2,}STSAFE-A120$/m)
    expect(out).toMatch(/^st number {2,}0209[0-9a-f]{14}$/m)
    expect((await stat(chip.path('chip.json'))).mode & 0o777).toBe(0o600)
  })

  it('draws random octets and lets a message come back', async () => {
    expect((await chip.run('random', '300')).out).toMatch(/^[0-9a-f]{600}\n$/)
    expect(await chip.document('echo', '--text', 'hello')).toEqual({
      sent: '68656c6c6f',
      answer: '68656c6c6f',
      same: true,
    })
    expect((await chip.run('reset')).out).toBe('reset\n')
  })

  it('provisions host keys in every way, and opens a session with them', async () => {
    const allowed = ['host-keys', 'control', '--allow', 'wrapped,plaintext,reprovision']
    const refused = await chip.run(...allowed)
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toMatch(
      /CLI_PERMANENT: the control fields .+ never .+Remedy: .+--permanent/,
    )

    const { err, out } = await chip.run(...allowed, '--permanent')
    expect(err).toBe(
      'permanent: the control fields of the host key slot can never be changed again\n',
    )
    expect(out).toMatch(/^change right +no$/m)

    const session = await withHostKeys()
    expect(await chip.document('echo', '--hex', '01', ...session)).toMatchObject({ same: true })
    const drawn = chip.path('drawn.json')
    await chip.document('host-keys', 'provision-wrapped', '--generate', 'AES-256', '--out', drawn)
    expect(await chip.document('host-keys', 'status')).toMatchObject({
      type: 'AES-256',
      counter: 0,
    })
    expect((await stat(drawn)).mode & 0o777).toBe(0o600)
    const wrong = await chip.run('echo', '--hex', '01', ...session)
    expect(wrong).toMatchObject({ code: 2, out: '' })
    expect(wrong.err).toContain('AES-256')

    const agreed = chip.path('agreed.json')
    await chip.document('host-keys', 'establish', '--curve', 'X25519', '--out', agreed)
    expect(parseJson(await readFile(agreed, 'utf8'), 'keys')).toMatchObject({ type: 'AES-128' })
    const again = await chip.run('host-keys', 'establish', '--out', agreed)
    expect(again).toMatchObject({ code: 2, out: '' })
    expect(again.err).toContain('CLI_EXISTS')
  })

  it('provisions a CMAC key in an envelope, and computes and verifies the MAC of the example', async () => {
    await withCmacKey()
    const { out } = await chip.run('keys', 'list')
    expect(out).toMatch(/^00 +unlocked +AES-128 +CMAC +verify-mac generate-mac +2$/m)
    expect(await chip.document('mac', '--slot', '0', '--hex', message, '--length', '4')).toEqual({
      mac: 'be4ca3f2',
    })
    const verify = ['verify-mac', '--slot', '0', '--hex', message, '--mac']
    expect(await chip.document(...verify, 'be4ca3f2')).toEqual({ valid: true })
    expect(await chip.run(...verify, 'be4ca3f3')).toEqual({
      code: 1,
      out: 'the MAC is WRONG\n',
      err: '',
    })
  })

  it('encrypts with the values of the example, and shows nothing when the tag is wrong', async () => {
    await chip.document('keys', 'control', '0', '--allow', 'wrapped', '--permanent')
    const key = await chip.file('key.txt', '5a'.repeat(32))
    const mode = ['--mode', 'ccm', '--tag-length', '4', '--usage', 'encrypt,decrypt']
    await chip.document('keys', 'provision', '0', '--key', key, '--type', 'AES-256', ...mode)
    const nonce = '000102030405060708090a0b0c'
    const bound = ['--slot', '0', '--nonce', nonce, '--aad', '5a'.repeat(8)]
    const { err, out } = await chip.run('encrypt', ...bound, '--hex', message, '--json')
    expect(err).toBe('warning: a tag of 4 octets for CCM*; 8 or more are advised\n')
    expect(parseJson(out, 'the result')).toEqual({
      nonce,
      ciphertext: '696630bb080fe41d610489d3da232166',
      tag: '0edbc627',
    })
    const decrypt = ['decrypt', ...bound, '--hex', '696630bb080fe41d610489d3da232166', '--tag']
    expect((await chip.run(...decrypt, '0edbc627')).out).toContain(message)
    expect(await chip.run(...decrypt, '0edbc628')).toMatchObject({
      code: 1,
      out: 'the tag is WRONG\n',
    })
  })

  it('agrees on a key, gives it to its file alone, and erases it only when told that it is gone', async () => {
    await chip.document('keys', 'control', '3', '--allow', 'establish', '--permanent')
    const out = chip.path('agreed.txt')
    const information = ['--type', 'AES-128', '--mode', 'ECB', '--usage', 'encrypt']
    const made = await chip.run('keys', 'establish', '3', '--out', out, ...information)
    expect(made.code).toBe(0)
    const key = (await readFile(out, 'utf8')).trim()
    expect(key).toMatch(/^[0-9a-f]{32}$/)
    expect(made.out + made.err).not.toContain(key)
    expect((await chip.run('keys', 'erase', '3')).err).toContain('CLI_PERMANENT')
    expect(await chip.document('keys', 'erase', '3', '--permanent')).toEqual({
      slot: 3,
      erased: true,
    })
    expect((await chip.run('keys', 'list')).out).toMatch(/^03 +-$/m)
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
    const refused = await chip.run('password', 'delete')
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toMatch(/^keyline: CHIP_KEY_NOT_FOUND: .+Remedy: .+\n$/)
    const gone = await keyline('stsafe', 'info', '--device', `unix:${chip.path('none.sock')}`)
    expect(gone).toMatchObject({ code: 3, out: '' })
  })

  it('takes no key from the command line, repeats none, and asks for none without a terminal', async () => {
    const information = ['--type', 'AES-128', '--mode', 'ECB', '--usage', 'encrypt']
    const key = await chip.file('key.txt', '5a5a not a key')
    const { code, err } = await chip.run('keys', 'provision', '0', '--key', key, ...information)
    expect(code).toBe(2)
    expect(err).toMatch(/CLI_KEYS: .+key\.txt is not an even number of hexadecimal digits/)
    expect(err).not.toContain('not a key')
    const none = await runKeyline([
      'stsafe',
      'keys',
      'provision',
      '0',
      ...information,
      ...chip.device,
    ])
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
    const { code, err } = await chip.run(
      'info',
      '--host-keys',
      await chip.file('bad.json', content),
    )
    expect(code).toBe(2)
    expect(err).toContain('CLI_KEYS')
    expect(err).toContain(text)
  })
})
