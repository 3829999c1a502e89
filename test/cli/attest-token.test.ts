import { createHash, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Sign1 } from '@auth0/cose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attestDesk, type AttestDesk } from './support/attester.ts'
import { stackTrace } from './support/keyline.ts'

const challenge = '5a'.repeat(32)

let desk: AttestDesk
let u385: string
let board: string
beforeAll(async () => {
  desk = await attestDesk()
  u385 = await desk.device('u385')
  board = await desk.device('board', '--kind', 'tf-m')
})
afterAll(() => desk[Symbol.asyncDispose]())

/** The public parts of a device as another library reads them. */
async function publicParts(device: string) {
  const key = desk.path('key.pem')
  await desk.text('keys', 'export', '--device', device, '--public-key', key)
  return createPublicKey(await readFile(key, 'utf8'))
}

describe('attest keys', () => {
  it('gives an STM32U385 its wrapped key, and a certificate of the simulated authority over it', async () => {
    const names = ['leaf.pem', 'ca.pem', 'dua.bin'].map((name) => desk.path(name))
    const [leaf = '', authority = '', container = ''] = names
    const files = ['--certificate', leaf, '--authority', authority, '--container', container]
    await desk.text('keys', 'export', '--device', u385, ...files)
    const certificate = new X509Certificate(await readFile(leaf))
    expect(certificate.subject).toMatch(/CN=stm32u3xx-usfu-[0-9a-f]{20}/)
    expect(certificate.verify(new X509Certificate(await readFile(authority)).publicKey)).toBe(true)
    const publicKey = await publicParts(u385)
    expect(certificate.publicKey.equals(publicKey)).toBe(true)
    expect((await readFile(container)).length).toBe(112)
    expect(await desk.document('keys', 'show', '--device', u385)).toMatchObject({
      kind: 'stm32u385',
      keyId: 0x3ffffffe,
      lifetime: 0x80000101,
      lifecycle: 0x3000,
    })
  })

  it('are for their owner alone, and no file holds a private key', async () => {
    for (const name of ['u385', 'board']) {
      const files = await readdir(desk.path(name), { recursive: true, withFileTypes: true })
      expect(files.length).toBeGreaterThan(1)
      for (const file of files) {
        const path = join(file.parentPath, file.name)
        expect({ path, mode: (await stat(path)).mode & 0o077 }).toEqual({ path, mode: 0 })
        if (file.isFile()) expect(await readFile(path, 'latin1')).not.toMatch(/PRIVATE KEY/)
      }
    }
  })

  it('exports a wrapped key with the parameters of the programmer of ST', async () => {
    const path = desk.path('lu.bin')
    const parameters = ['KeyType=eccchiplu', 'ExportPublicKey=Yes', 'KeyUsage=ECDSA_USAGE_SIGN']
    const out = await desk.text('keys', 'rssekw', path, ...parameters, '--device', u385)
    expect(out).toMatch(/public key +04[0-9a-f]{128}\n/)
    expect((await readFile(path))[0x28]).toBe(2)
    const { code, err } = await desk.run(
      'keys',
      'rssekw',
      desk.path('no.bin'),
      'KeyType=rsa',
      '--device',
      u385,
    )
    expect(code).toBe(2)
    expect(err).toMatch(/PSA_PARAMETER: KeyType is rsa, but must be one of eccchipfu, eccchiplu/)
    await expect(stat(desk.path('no.bin'))).rejects.toThrow('ENOENT')
  })

  it('wraps a key of the user, of which nothing but the wrapped form comes out', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const scalar = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' })
    const key = await desk.file('user.pem', pem)
    const path = desk.path('user.bin')
    const args = ['keys', 'rssekw', path, 'ExportPublicKey=Yes', '--user-key', key]
    const out = await desk.text(...args, '--device', u385, '--json')
    const device = await readdir(desk.path('u385'), { recursive: true, withFileTypes: true })
    const files = device.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
    for (const text of [
      out,
      ...(await Promise.all([path, ...files].map((one) => readFile(one, 'latin1')))),
    ]) {
      expect(formsOf(scalar).filter((form) => text.includes(form))).toEqual([])
    }
    // A leak on purpose is found.
    expect(
      formsOf(scalar).filter((form) => `x${scalar.toString('hex')}`.includes(form)),
    ).toHaveLength(1)
  })

  it.each([
    [
      'a folder that is taken',
      ['keys', 'make', '--device', 'sim:u385'],
      /CLI_EXISTS: .+u385 is not empty/,
    ],
    [
      'an algorithm that its chip has not',
      ['keys', 'make', '--device', 'sim:new', '--algorithm', 'ES384'],
      /sign with ES256, not ES384/,
    ],
    [
      'an implementation id of another length',
      ['keys', 'make', '--device', 'sim:new', '--implementation-id', '00'],
      /--implementation-id has 1 octets, not 32/,
    ],
    [
      'firmware that is not there',
      ['keys', 'make', '--device', 'sim:new', '--firmware', 'BL=absent.bin'],
      /absent\.bin cannot be read/,
    ],
    [
      'firmware without a file',
      ['keys', 'make', '--device', 'sim:new', '--firmware', 'BL'],
      /--firmware BL is not of the form/,
    ],
    [
      'a boot record that is none',
      ['keys', 'make', '--device', 'sim:new', '--boot-record', 'BOOT'],
      /is no boot record: the magic number is/,
    ],
    [
      'a folder without a device',
      ['keys', 'show', '--device', 'sim:new'],
      /CLI_NO_ATTESTER: .+ holds no device\.json/,
    ],
    ['a wish for nothing', ['keys', 'export', '--device', 'sim:u385'], /no file is named/],
    [
      'a certificate of a key without one',
      ['keys', 'export', '--device', 'sim:board', '--certificate', 'x.pem'],
      /the device has no certificate/,
    ],
  ])('refuses %s, and leaves nothing behind', async (_, args, message) => {
    const boot = await desk.file('boot.bin', Uint8Array.of(1, 2, 3, 4))
    const given = args.map((arg) =>
      arg
        .replace(/^sim:(.+)/, (_match, name: string) => `sim:${desk.path(name)}`)
        .replace('BOOT', boot),
    )
    const { code, out, err } = await desk.run(...given)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(message)
    expect(err).toMatch(/Remedy: /)
    expect(err).not.toMatch(stackTrace)
    expect((await readdir(desk.path(''))).filter((name) => /^new|\.part$/.test(name))).toEqual([])
  })
})

describe('attest token', () => {
  it('tells the five steps of the chip, and what each of them gave', async () => {
    const device = await desk.device('steps')
    const make = ['token', '--device', device, '--challenge', challenge, '--explain']
    const { code, out, err } = await desk.run(...make)
    expect(code).toBe(0)
    const lines = err.trimEnd().split('\n')
    expect(lines.map((line) => line.slice(0, 3))).toEqual([
      '0  ',
      '1  ',
      '2  ',
      '3  ',
      '4  ',
      '5  ',
    ])
    expect(lines[0]).toContain('RSSe-KW exported DUA key FU of this chip: 112 octets')
    expect(lines[1]).toContain(
      'psa_import_key into the PSA storage: key 0x3ffffffe, lifetime 0x80000101',
    )
    expect(lines[5]).toContain('stm32u3xx-usfu-')
    // Hash and signature of the steps are those of the token, by another library.
    const token = Buffer.from(out.trim(), 'hex')
    const { protectedHeaders, unprotectedHeaders, payload, signature } = Sign1.decode(token)
    expect([protectedHeaders.size, unprotectedHeaders.size]).toEqual([1, 0])
    expect(lines[3]).toContain(Buffer.from(signature).toString('hex'))
    const head = Buffer.from('846a5369676e61747572653143a1012640', 'hex')
    const length = Buffer.from([0x59, payload.length >> 8, payload.length & 0xff])
    const signed = Buffer.concat([head, length, payload])
    expect(lines[2]).toContain(createHash('sha256').update(signed).digest('hex'))
    await Sign1.decode(token).verify(await publicParts(device))
    const again = await desk.run(...make)
    expect(again.err).toContain('1  is in the PSA storage')
  })

  it.each([
    ['ES256', 64],
    ['ES384', 96],
    ['ES512', 132],
  ])('is made by a TF-M board with %s', async (algorithm, length) => {
    const device = await desk.device(algorithm, '--kind', 'tf-m', '--algorithm', algorithm)
    const token = Buffer.from(
      await desk.text('token', '--device', device, '--challenge', challenge),
      'hex',
    )
    const envelope = Sign1.decode(token)
    expect(envelope.signature.length).toBe(length)
    await envelope.verify(await publicParts(device))
  })

  it.each([
    ['2023', 'tag:psacertified.org,2023:psa#tfm'],
    ['1', 'PSA_IOT_PROFILE_1'],
    ['2.0.0', 'http://arm.com/psa/2.0.0'],
  ])('follows the profile %s', async (profile, claim) => {
    const args = ['--device', board, '--challenge', challenge, '--profile', profile]
    const token = await desk.text('token', ...args)
    const path = await desk.file('profile.hex', token)
    expect(await desk.document('inspect', path)).toMatchObject({ ok: true, profile: claim })
  })

  it('measures the firmware that it is told of', async () => {
    const image = Buffer.from('an image of a boot loader')
    const path = await desk.file('bl2.bin', image)
    const device = await desk.device(
      'firmware',
      '--firmware',
      `BL@2.1.0=${path}`,
      '--signer-id',
      '77'.repeat(32),
    )
    const out = await desk.text('token', '--device', device, '--challenge', challenge)
    expect(out).toContain(createHash('sha256').update(image).digest('hex'))
    expect(out).toContain('77'.repeat(32))
  })

  it.each(['hex', 'base64', 'base64url', 'cbor'] as const)('is written as %s', async (format) => {
    const path = desk.path(`token.${format}`)
    const args = ['--device', board, '--challenge', challenge, '--format', format, '--out', path]
    await desk.text('token', ...args)
    const content = await readFile(path)
    const octets = format === 'cbor' ? content : Buffer.from(content.toString(), format)
    await Sign1.decode(octets).verify(await publicParts(board))
  })

  it('takes the challenge of a verifier in any form, also from a file', async () => {
    const octets = Buffer.from('ff'.repeat(48), 'hex')
    const file = await desk.file('challenge.bin', octets)
    const forms = [
      ['--challenge', octets.toString('hex')],
      ['--challenge', octets.toString('base64')],
      ['--challenge', octets.toString('base64url')],
      ['--challenge-file', file],
    ] as const
    for (const form of forms) {
      const out = await desk.text('token', '--device', board, ...form)
      expect(out).toContain(`5830${'ff'.repeat(48)}`)
    }
  })

  it.each([
    [
      'no challenge',
      [],
      /the challenge of the verifier is not named once.+makes its own proves nothing/,
    ],
    [
      'a challenge of another size',
      ['--challenge', '00'],
      /--challenge has 1 octets, not 32, 48 or 64/,
    ],
    ['a challenge that is none', ['--challenge', '?'], /neither hexadecimal, base64 nor base64url/],
    ['octets for a terminal', ['--challenge', challenge, '--format', 'cbor'], /belong into a file/],
    ['a client that is none', ['--challenge', challenge, '--client-id', '0'], /and not 0/],
    [
      'a certificate of a key without one',
      ['--challenge', challenge, '--with-certificate'],
      /no certificate that the token could include/,
    ],
    [
      'a challenge beside a service',
      ['--challenge', challenge, '--url', 'https://example.com'],
      /the challenge comes from the service/,
    ],
  ])('refuses %s', async (_, args, message) => {
    const { code, out, err } = await desk.run('token', '--device', board, ...args)
    expect(out).toBe('')
    expect(code).not.toBe(0)
    expect(err).toMatch(message)
    expect(err).not.toMatch(stackTrace)
  })
})

/** Ways in which a scalar could stand in a file or an output. */
function formsOf(scalar: Buffer): readonly string[] {
  const orders = [scalar, Buffer.from(scalar.toReversed())]
  return orders.flatMap((octets) => [
    octets.toString('latin1'),
    octets.toString('hex'),
    octets.toString('hex').toUpperCase(),
    octets.toString('base64').replace(/=+$/, ''),
    octets.toString('base64url'),
    BigInt(`0x${octets.toString('hex')}`).toString(),
  ])
}
