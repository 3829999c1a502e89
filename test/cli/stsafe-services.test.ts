import {
  createHash,
  createHmac,
  createPublicKey,
  hkdfSync,
  verify,
  X509Certificate,
} from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromHex, seededRandom, toHex } from '@keyline/bytes'
import { curveKeyPair, drawPrivateKey, sharedSecret, curvePublicKey } from '@keyline/crypto'
import { newChip, type CommandLineChip } from './support/chip.ts'

let chip: CommandLineChip

beforeEach(async () => {
  chip = await newChip()
})
afterEach(() => chip[Symbol.asyncDispose]())

/** A raw P-256 key as `node:crypto` takes it. */
function p256(raw: string) {
  const x = Buffer.from(raw.slice(0, 64), 'hex').toString('base64url')
  const y = Buffer.from(raw.slice(64), 'hex').toString('base64url')
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
}

describe('stsafe certificate and authenticate', () => {
  it('reads a certificate that others read too, and believes the root that is named alone', async () => {
    const pem = chip.path('part.pem')
    await chip.document('certificate', '--out', pem)
    const certificate = new X509Certificate(await readFile(pem))
    expect(certificate.subject).toContain('eval5-0209')
    await chip.document('certificate', '--out', chip.path('part.der'))
    expect(await readFile(chip.path('part.der'))).toEqual(certificate.raw)

    expect(await chip.document('authenticate', '--simulator-root')).toMatchObject({
      authentic: true,
      serialNumber: certificate.serialNumber.toLowerCase().padStart(22, '0'),
    })
    const other = await chip.run('authenticate')
    expect(other).toMatchObject({ code: 1, out: '' })
    expect(other.err).toContain('STSAFE_CERTIFICATE_ISSUER')
    const both = await chip.run('authenticate', '--simulator-root', '--root', pem)
    expect(both.code).toBe(2)
  })
})

describe('stsafe zones, read, write and counter', () => {
  it('keep data', async () => {
    expect((await chip.run('zones')).out).toMatch(/^005 +counter +64 +always +yes/m)
    await chip.document('write', '1', '--offset', '2', '--hex', '00112233', '--atomic')
    const read = ['read', '1', '--offset', '1', '--length', '6']
    expect(await chip.document(...read)).toEqual({ data: '000011223300' })
    const out = chip.path('zone.bin')
    await chip.document('read', '1', '--out', out)
    const whole = await readFile(out)
    expect(whole).toHaveLength(1000)
    expect(toHex(whole.subarray(0, 6))).toBe('000000112233')
  })

  it('take more than one command holds in pieces, but never what is to be atomic', async () => {
    const data = 'a'.repeat(1000)
    await chip.document('write', '2', '--text', data)
    expect(await chip.text('data', 'read', '2')).toBe('61'.repeat(1000))
    const refused = await chip.run('write', '3', '--text', data, '--atomic')
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toMatch(/CLI_INPUT: 1000 octets do not fit .+Remedy: /)
    expect(await chip.text('data', 'read', '3', '--length', '2')).toBe('0000')
    expect((await chip.run('write', '3', '--hex', '')).err).toContain('at least 1 octet')
  })

  it('change a condition only when told that it is for good', async () => {
    const change = ['read', '1', '--access', 'host']
    expect((await chip.run(...change)).err).toContain('CLI_PERMANENT: the read condition of zone 1')
    await chip.document(...change, '--permanent')
    const refused = await chip.run('read', '1', '--length', '1')
    expect(refused).toMatchObject({ out: '' })
    expect(refused.err).toContain('CHIP_ACCESS_DENIED')
    const update = ['write', '2', '--hex', '01', '--access', 'never', '--permanent']
    expect((await chip.run(...update)).err).toMatch(/^permanent: the update condition of zone 2/)
    expect((await chip.run('write', '2', '--hex', '02')).err).toContain('CHIP_ACCESS_DENIED')
  })

  it('take amounts off a counter, never without confirmation', async () => {
    const decrement = ['counter', '5', '--decrement', '2', '--hex', 'aabb']
    expect(await chip.run(...decrement)).toMatchObject({ code: 2, out: '' })
    expect(await chip.document(...decrement, '--permanent')).toEqual({ counter: 0xfffffffd })
    expect(await chip.document('counter', '5', '--length', '3')).toEqual({
      counter: 0xfffffffd,
      data: 'aabb00',
    })
  })
})

describe('stsafe key-pair, sign, verify and ecdh', () => {
  it('signs what others verify', async () => {
    const publicKey = await chip.text('publicKey', 'key-pair', '--slot', '1', '--curve', 'p-256')
    const signature = await chip.text('signature', 'sign', '--slot', '1', '--text', 'hello')
    const key = { key: p256(publicKey), dsaEncoding: 'ieee-p1363' } as const
    expect(verify('SHA256', Buffer.from('hello'), key, fromHex(signature))).toBe(true)

    const judged = ['verify', '--curve', 'P-256', '--public-key', publicKey]
    const valid = ['--signature', signature]
    expect(await chip.document(...judged, ...valid, '--text', 'hello')).toEqual({ valid: true })
    const digest = createHash('sha256').update('hello').digest('hex')
    expect(await chip.document(...judged, ...valid, '--digest', '--hex', digest)).toEqual({
      valid: true,
    })
    expect(await chip.run(...judged, ...valid, '--text', 'hullo')).toMatchObject({
      code: 1,
      out: 'the signature is WRONG\n',
    })
  })

  it('signs with Ed25519 as it stands', async () => {
    const publicKey = await chip.text('publicKey', 'key-pair', '--slot', '2', '--curve', 'ed25519')
    const signature = await chip.text('signature', 'sign', '--slot', '2', '--text', 'hello')
    const x = Buffer.from(publicKey, 'hex').toString('base64url')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    expect(verify(null, Buffer.from('hello'), key, fromHex(signature))).toBe(true)
  })

  it('replaces a key only when told that it is lost', async () => {
    const generate = ['key-pair', '--slot', '0', '--curve', 'P-384']
    expect((await chip.run(...generate)).err).toContain(
      'the P-256 key of slot 0 is replaced and lost',
    )
    expect((await chip.run(...generate, '--permanent')).err).toMatch(/^permanent: the P-256 key/)
    expect((await chip.run('key-pair')).out).toMatch(/^ {2}0 +P-384 /m)
    expect(await chip.run('key-pair', '--slot', '0')).toMatchObject({ code: 2, out: '' })
  })

  it('agrees on the secret of both ends', async () => {
    const own = curveKeyPair('P-256', drawPrivateKey('P-256', seededRandom('host')))
    const publicKey = await chip.text('publicKey', 'key-pair', '--slot', '1', '--curve', 'P-256')
    const out = chip.path('secret.txt')
    const theirs = ['--public-key', toHex(own.publicKey.octets)]
    await chip.document('ecdh', '--slot', '1', ...theirs, '--out', out)
    const expected = sharedSecret(own, curvePublicKey('P-256', fromHex(publicKey)))
    expect((await readFile(out, 'utf8')).trim()).toBe(toHex(expected.reveal()))
    expect((await stat(out)).mode & 0o777).toBe(0o600)
  })
})

describe('stsafe public-keys', () => {
  it('let a signer authenticate the provisioning of a key', async () => {
    const random = seededRandom('signer')
    const scalar = drawPrivateKey('P-256', random)
    const publicKey = toHex(curveKeyPair('P-256', scalar).publicKey.octets)
    const key = ['--curve', 'P-256', '--public-key', publicKey]
    expect((await chip.run('public-keys', 'write', '0', ...key)).err).toContain('CLI_PERMANENT')
    await chip.document('public-keys', 'write', '0', ...key, '--permanent')
    const flags = ['--allow', 'start-kek-session,establish-host-key']
    await chip.document('public-keys', 'flags', '0', ...flags, '--permanent')
    const { out } = await chip.run('public-keys', 'list')
    expect(out).toMatch(
      new RegExp(`^00 +P-256 +start-kek-session, establish-host-key +${publicKey}$`, 'm'),
    )

    const control = ['keys', 'control', '0', '--allow', 'put', '--wrapped-signer', '0']
    await chip.document(...control, '--permanent')
    const information = ['--type', 'AES-128', '--mode', 'ECB', '--usage', 'encrypt']
    const provision = ['keys', 'provision', '0', ...information]
    const secret = ['--key', await chip.file('key.txt', '00'.repeat(16))]
    const signer = [
      '--signer-slot',
      '0',
      '--signer-key',
      await chip.file('signer.txt', toHex(scalar)),
    ]
    const wrong = await chip.file('wrong.txt', toHex(drawPrivateKey('P-256', random)))
    const refused = await chip.run(...provision, ...secret, ...signer.slice(0, 3), wrong)
    expect(refused.code).not.toBe(0)
    await chip.document(...provision, ...secret, ...signer)
    expect((await chip.run('keys', 'list')).out).toMatch(/^00 +unlocked +AES-128 +ECB +encrypt$/m)

    const keys = await chip.file(
      'keys.json',
      JSON.stringify({ macKey: '11'.repeat(16), cipherKey: '22'.repeat(16) }),
    )
    const open = ['--allow', 'reprovision', '--signer-slot', '0', '--permanent']
    await chip.document('host-keys', 'control', ...open)
    const authenticated = ['host-keys', 'provision-authenticated', '--keys', keys]
    await chip.document(...authenticated, ...signer)
    expect(await chip.document('echo', '--hex', '01', '--host-keys', keys)).toMatchObject({
      same: true,
    })
  })
})

describe('stsafe host-keys derive', () => {
  it('makes the keys of this chip from the master key of a series', async () => {
    const master = await chip.file('master.txt', '0f'.repeat(32))
    const out = chip.path('derived.json')
    const derive = ['host-keys', 'derive', '--master-key', master, '--out']
    const stNumber = await chip.text('stNumber', ...derive, out, '--type', 'AES-256')
    expect(stNumber).toMatch(/^0209[0-9a-f]{14}$/)
    const info = Buffer.concat([Buffer.from('keyline host key'), Buffer.from(stNumber, 'hex')])
    const stream = hkdfSync('sha256', fromHex('0f'.repeat(32)), new Uint8Array(), info, 64)
    const keys = Buffer.from(stream).toString('hex')
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual({
      type: 'AES-256',
      macKey: keys.slice(0, 64),
      cipherKey: keys.slice(64),
    })
    await chip.document('host-keys', 'provision', '--keys', out)
    expect(await chip.document('echo', '--hex', '01', '--host-keys', out)).toMatchObject({
      same: true,
    })
    expect((await chip.run(...derive, out)).err).toContain('CLI_EXISTS')
    const short = await chip.file('short.txt', '0f'.repeat(15))
    const refused = await chip.run('host-keys', 'derive', '--master-key', short, '--out', `${out}2`)
    expect(refused).toMatchObject({ code: 2, out: '' })
  })
})

describe('stsafe hash, derive, wrap and unwrap', () => {
  it.each(['SHA-256', 'SHA-512', 'SHA3-384'])('digests with %s as others do', async (algorithm) => {
    const text = 'a'.repeat(2000)
    const digest = createHash(algorithm.replace(/^SHA-/, 'SHA')).update(text).digest('hex')
    const args = ['hash', '--text', text, '--algorithm', algorithm.toLowerCase()]
    expect(await chip.document(...args)).toEqual({ algorithm, digest })
  })

  it('derives what others derive, into a file', async () => {
    await chip.document('keys', 'control', '0', '--allow', 'wrapped', '--permanent')
    const ikm = '0b'.repeat(32)
    const key = ['--key', await chip.file('ikm.txt', ikm)]
    const mode = ['--type', 'generic', '--mode', 'hkdf', '--usage', 'derive', '--key-length', '32']
    await chip.document('keys', 'provision', '0', ...key, ...mode, '--returnable')
    const out = chip.path('derived.txt')
    const salt = ['--salt', '0102', '--info', '0304', '--length', '42']
    await chip.document('derive', '--slot', '0', ...salt, '--out', out)
    const expected = hkdfSync('sha256', fromHex(ikm), fromHex('0102'), fromHex('0304'), 42)
    expect((await readFile(out, 'utf8')).trim()).toBe(Buffer.from(expected).toString('hex'))
  })

  it('unwraps what it has wrapped', async () => {
    const payload = '000102030405060708090a0b0c0d0e0f'
    const make = ['wrap', '--slot', '1', '--new-key', 'AES-256', '--hex', payload]
    expect((await chip.run(...make)).err).toContain('CLI_PERMANENT')
    const wrapped = await chip.text('wrapped', ...make, '--permanent')
    expect(wrapped).toHaveLength(2 * 24)
    const out = chip.path('payload.bin')
    await chip.document('unwrap', '--slot', '1', '--hex', wrapped, '--out', out)
    expect(toHex(await readFile(out))).toBe(payload)
    const changed = `${wrapped.startsWith('00') ? 'ff' : '00'}${wrapped.slice(2)}`
    const other = await chip.run('unwrap', '--slot', '1', '--hex', changed, '--out', `${out}2`)
    expect(other.err).toContain('CHIP_')
  })

  it('computes HMACs as others do', async () => {
    await chip.document('keys', 'control', '0', '--allow', 'wrapped', '--permanent')
    const key = ['--key', await chip.file('key.txt', '0c'.repeat(32))]
    const lengths = ['--key-length', '32', '--min-mac-length', '16']
    const mode = ['--type', 'generic', '--mode', 'hmac', '--usage', 'generate-mac', ...lengths]
    await chip.document('keys', 'provision', '0', ...key, ...mode)
    const mac = await chip.text('mac', 'mac', '--slot', '0', '--text', 'hello', '--length', '32')
    expect(mac).toBe(
      createHmac('sha256', fromHex('0c'.repeat(32)))
        .update('hello')
        .digest('hex'),
    )
  })
})

describe('stsafe ac', () => {
  it('programs conditions once, and from then on a command needs the session', async () => {
    const table = await chip.document('ac')
    expect(table).toMatchObject({ changeRights: { access: true, encryption: true } })
    const change = ['ac', '--access', '02=host', '--encrypt', '02=response']
    expect((await chip.run(...change)).err).toContain('CLI_PERMANENT')
    const keys = await chip.file(
      'keys.json',
      JSON.stringify({ macKey: '11'.repeat(16), cipherKey: '22'.repeat(16) }),
    )
    await chip.document('host-keys', 'provision', '--keys', keys)
    const { err, out } = await chip.run(...change, '--permanent')
    expect(err.match(/^permanent: /gm)).toHaveLength(2)
    expect(out).toMatch(/^02 +Generate random +host +response$/m)
    expect(out).toMatch(/access can change: no, encryption: no\n$/)

    const without = await chip.run('random', '8')
    expect(without).toMatchObject({ code: 2, out: '' })
    expect(without.err).toMatch(/STSAFE_SESSION_MISSING: .+Remedy: .+--host-keys/)
    expect(await chip.text('random', 'random', '8', '--host-keys', keys)).toHaveLength(16)
    expect(await chip.document('host-keys', 'status')).toMatchObject({ counter: 1 })
    expect(await chip.run('ac', '--access', '03=host')).toMatchObject({ code: 2, out: '' })
    expect((await chip.run('ac', '--access', '02=sometimes')).err).toContain('CODE=NAME')
  })
})

describe('stsafe password and lock', () => {
  it('lock the part for those who do not know the password', async () => {
    const right = ['--password', await chip.file('right.txt', '31'.repeat(16))]
    const wrong = ['--password', await chip.file('wrong.txt', '32'.repeat(16))]
    await chip.document('password', 'put', ...right, '--max-tries', '5')
    expect(await chip.document('password', 'verify', ...right)).toMatchObject({ verified: true })
    expect(await chip.run('password', 'verify', ...wrong)).toEqual({
      code: 1,
      out: 'the password is WRONG, 4 tries are left\n',
      err: '',
    })
    expect(await chip.document('lock', ...right)).toEqual({ lifeCycle: 'operational-locked' })
    const locked = await chip.run('random', '4')
    expect(locked.err).toContain('CHIP_')
    expect((await chip.run('lock', '--unlock', ...wrong)).code).not.toBe(0)
    expect(await chip.document('lock', '--unlock', ...right)).toEqual({ lifeCycle: 'operational' })
    expect(await chip.text('random', 'random', '4')).toHaveLength(8)
    await chip.document('password', 'delete')
  })
})
