import { createDecipheriv, hkdfSync } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromHex, parseJson, seededRandom } from '@keyline/bytes'
import { newChip, type CommandLineChip } from './support/chip.ts'

let chip: CommandLineChip

beforeEach(async () => {
  chip = await newChip()
})
afterEach(() => chip[Symbol.asyncDispose]())

const allow = async (slot: string, names: string): Promise<unknown> =>
  chip.document('keys', 'control', slot, '--allow', names, '--permanent')

const gcm = ['--type', 'AES-128', '--mode', 'gcm', '--tag-length', '16']

describe('a file that is longer than a command', () => {
  const content = seededRandom('a long file').bytes(3000)

  it('is encrypted and decrypted in pieces with a key of the chunk usages', async () => {
    await allow('0', 'plaintext')
    const key = ['--key', await chip.file('key.txt', '5a'.repeat(16)), '--plaintext']
    const usage = ['--usage', 'encrypt,decrypt,encrypt-chunks,decrypt-chunks']
    await chip.document('keys', 'provision', '0', ...key, ...gcm, ...usage)
    await writeFile(chip.path('plain.bin'), content)
    const sealed = chip.path('sealed.bin')
    const files = ['--in', chip.path('plain.bin'), '--out', sealed, '--aad', '0102']
    const document = new Map(
      Object.entries(Object(await chip.document('encrypt', '--slot', '0', ...files))),
    )
    expect(document.get('ciphertext')).toBe(sealed)
    const [nonce, tag] = [String(document.get('nonce')), String(document.get('tag'))]
    const opener = createDecipheriv('aes-128-gcm', fromHex('5a'.repeat(16)), fromHex(nonce))
    opener.setAAD(fromHex('0102')).setAuthTag(fromHex(tag))
    const ciphertext = await readFile(sealed)
    const opened = Buffer.concat([opener.update(ciphertext), opener.final()])
    expect(Uint8Array.from(opened)).toEqual(content)

    const decrypt = ['decrypt', '--slot', '0', '--in', sealed, '--nonce', nonce, '--aad', '0102']
    const out = chip.path('opened.bin')
    await chip.document(...decrypt, '--tag', tag, '--out', out)
    expect(Uint8Array.from(await readFile(out))).toEqual(content)
    expect((await stat(out)).mode & 0o777).toBe(0o600)
    const wrong = [...decrypt, '--tag', '00'.repeat(16), '--out', chip.path('wrong.bin')]
    expect(await chip.run(...wrong)).toEqual({ code: 1, out: 'the tag is WRONG\n', err: '' })
    await expect(stat(chip.path('wrong.bin'))).rejects.toThrow('ENOENT')
  })

  it('is refused with the usage that the key lacks', async () => {
    await allow('0', 'establish')
    const out = ['--out', chip.path('key.txt')]
    await chip.document('keys', 'establish', '0', ...out, ...gcm, '--usage', 'encrypt')
    await writeFile(chip.path('plain.bin'), content)
    const refused = await chip.run('encrypt', '--slot', '0', '--in', chip.path('plain.bin'))
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toContain('3000 octets need a key with the usage encrypt-chunks')
  })
})

describe('stsafe keys establish', () => {
  it('agrees on several keys in one go, one a line of the file', async () => {
    for (const slot of ['2', '5']) await allow(slot, 'establish')
    const out = chip.path('keys.txt')
    const ecb = ['--type', 'AES-256', '--mode', 'ecb', '--usage', 'encrypt']
    expect(await chip.document('keys', 'establish', '2', '5', '--out', out, ...ecb)).toEqual({
      slots: [2, 5],
      type: 'AES-256',
      mode: 'ECB',
      keys: out,
    })
    const keys = (await readFile(out, 'utf8')).split('\n')
    expect(keys).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
      '',
    ])
    expect(keys[0]).not.toBe(keys[1])
    const twice = await chip.run('keys', 'establish', '2', '2', '--out', `${out}2`, ...ecb)
    expect(twice).toMatchObject({ code: 2, out: '' })
    expect(twice.err).toContain('Slot 2 is named twice')
  })
})

describe('the steps of stsafe derive', () => {
  const ikm = '0b'.repeat(32)
  const hkdf = (salt: string, info: string, length: number): string =>
    Buffer.from(
      hkdfSync('sha256', fromHex(ikm), fromHex(salt), Buffer.from(info), length),
    ).toString('hex')

  beforeEach(async () => {
    await allow('0', 'plaintext')
    await allow('3', 'derived')
    const key = ['--key', await chip.file('ikm.txt', ikm), '--plaintext', '--returnable']
    const mode = ['--type', 'generic', '--mode', 'hkdf', '--usage', 'derive', '--key-length', '32']
    await chip.document('keys', 'provision', '0', ...key, ...mode)
  })

  it('extract into a slot, and expand from there into several keys', async () => {
    const salted = ['derive', 'extract', '--slot', '0', '--salt', '0102']
    expect(await chip.document(...salted)).toEqual({ slot: 3 })
    const out = chip.path('keys.txt')
    const info = Buffer.from('info').toString('hex')
    const expand = ['derive', 'expand', '--slot', '3', '--info', info, '--length', '16,32']
    expect(await chip.document(...expand, '--out', out)).toEqual({ octets: [16, 32], out })
    const stream = hkdf('0102', 'info', 48)
    expect(await readFile(out, 'utf8')).toBe(`${stream.slice(0, 32)}\n${stream.slice(32)}\n`)
  })

  it('make the two keys of a session', async () => {
    const out = chip.path('session.json')
    await chip.document('derive', 'session', '--slot', '0', '--session', '258', '--out', out)
    expect(parseJson(await readFile(out, 'utf8'), 'keys')).toEqual({
      encryptionKey: hkdf('00000102', 'ENC', 16),
      macKey: hkdf('00000102', 'MAC', 16),
    })
    expect((await stat(out)).mode & 0o777).toBe(0o600)
  })

  it('derive a key that never leaves the chip', async () => {
    const mode = ['--type', 'AES-128', '--mode', 'ecb', '--usage', 'encrypt,decrypt']
    expect(await chip.document('derive', 'to-slot', '--slot', '0', ...mode)).toEqual({ slot: 3 })
    expect((await chip.run('keys', 'list')).out).toMatch(/^03 +unlocked +AES-128 +ECB /m)
  })

  it('take a key of the caller in place of that of a slot, and one of them only', async () => {
    const out = chip.path('derived.txt')
    const own = ['--ikm', chip.path('ikm.txt'), '--salt', '01', '--length', '20']
    await chip.document('derive', ...own, '--out', out)
    expect((await readFile(out, 'utf8')).trim()).toBe(hkdf('01', '', 20))
    const both = await chip.run('derive', ...own, '--slot', '0', '--out', `${out}2`)
    expect(both).toMatchObject({ code: 2, out: '' })
    expect(both.err).toContain('one of --slot and --ikm')
  })
})

describe('a command line', () => {
  it('that would do nothing of what it names, or names what the partition has not, is refused', async () => {
    const cases: ReadonlyArray<readonly [readonly string[], RegExp]> = [
      [['counter', '5', '--access', 'never'], /--access works only with --decrement/],
      [['counter', '5', '--hex', '00'], /--hex works only with --decrement/],
      [['read', '1', '--access', 'host', '--length', '4'], /--length works only without --access/],
      [['keys', 'control', '0', '--wrapped-signer', '1'], /needs --allow/],
      [['host-keys', 'control', '--signer-slot', '1'], /needs --allow/],
      [['read', '5'], /zone 5 is a counter zone\. Remedy: use keyline stsafe counter/],
      [['write', '5', '--hex', '00'], /zone 5 is a counter zone/],
      [['counter', '1'], /zone 1 is a data zone\. Remedy: use keyline stsafe read/],
      [['read', '99'], /no zone 99; it has 0, 1, .+11/],
      [['write', '1', '--offset', '999', '--hex', '0011'], /1000 octets, but octets 999 to 1000/],
      [['mac', '--slot', '5', '--hex', '00'], /slot 5 of the chip holds no key\. Remedy: run/],
      [['mac', '--slot', '16', '--hex', '00'], /no symmetric key slot 16\. Remedy: use .+14, 15/],
      [['keys', 'erase', '3', '--permanent'], /slot 3 of the chip holds no key/],
      [['key-pair', '--slot', '7', '--curve', 'P-256'], /no private key slot 7\. .+ 0, 1.+255/],
      [['public-keys', 'flags', '4', '--allow', 'change-right', '--permanent'], /slots 0, 1, 2, 3/],
      [['wrap', '--slot', '1', '--hex', '00'], /envelope slot 1 of the chip has no key/],
      [['wrap', '--slot', '2', '--hex', '00'], /no local envelope key slot 2/],
    ]
    for (const [args, text] of cases) {
      const { code, err, out } = await chip.run(...args)
      expect({ args, code, out }).toEqual({ args, code: 2, out: '' })
      expect(err).toMatch(text)
    }
  })
})
