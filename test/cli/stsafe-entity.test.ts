import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { newChip, type CommandLineChip } from './support/chip.ts'
import { serveNewChip, type ServedChip } from './support/served-chip.ts'

let folder: CommandLineChip
let chip: ServedChip

beforeEach(async () => {
  folder = await newChip()
  chip = await serveNewChip({ socket: folder.path('chip.sock') })
})
afterEach(async () => {
  await chip[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

/** PKCS#8 of an Ed25519 key: its head, and the seed. */
const seed = '07'.repeat(32)
const privateKey = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32)

async function documentOf(...args: readonly string[]): Promise<unknown> {
  const { code, err, out } = await chip.run(...args, '--json')
  expect({ args, code, err: code === 0 ? '' : err }).toEqual({ args, code: 0, err: '' })
  return parseJson(out, 'the result')
}

async function withEntity(slot: string): Promise<void> {
  const key = ['--curve', 'Ed25519', '--public-key', publicKey.toString('hex')]
  await documentOf('public-keys', 'write', slot, ...key, '--permanent')
  const flags = ['--allow', 'entity-authentication']
  await documentOf('public-keys', 'flags', slot, ...flags, '--permanent')
}

describe('stsafe entity', () => {
  it('lets a signer of its own sign the challenge', async () => {
    await withEntity('1')
    const drawn = parseJson((await chip.run('entity', 'challenge', '--json')).out, 'the result')
    const challenge = String(Object(drawn).challenge)
    expect(challenge).toMatch(/^[0-9a-f]{32}$/)
    const signature = sign(null, Buffer.from(challenge, 'hex'), privateKey).toString('hex')
    const verify = ['entity', 'verify', '--slot', '1', '--signature', signature]
    expect(await documentOf(...verify)).toEqual({ authenticated: true })
    const again = await chip.run(...verify)
    expect(again).toMatchObject({ code: 2, out: '' })
    expect(again.err).toContain('CHIP_CHALLENGE_MISSING')
    const short = await chip.run('entity', 'verify', '--slot', '1', '--signature', '00')
    expect(short.err).toContain('the signature has 1 octets, but Ed25519 has 64')
    const empty = await chip.run('entity', 'verify', '--slot', '2', '--signature', signature)
    expect(empty.err).toContain('public key slot 2 of the chip is empty')
  })

  it('opens a zone that asks for an entity, until the next reset', async () => {
    await withEntity('0')
    const right = ['--entity-slot', '0', '--entity-key', await folder.file('right.txt', seed)]
    const other = [
      '--entity-slot',
      '0',
      '--entity-key',
      await folder.file('wrong.txt', '08'.repeat(32)),
    ]
    const keys = { macKey: '11'.repeat(16), cipherKey: '22'.repeat(16) }
    const hostKeys = await folder.file('keys.json', JSON.stringify(keys))
    await documentOf('host-keys', 'provision', '--keys', hostKeys)
    await documentOf('read', '1', '--access', 'authenticated-host', '--permanent')
    const read = ['read', '1', '--length', '2', '--host-mac', '--host-keys', hostKeys]
    expect((await chip.run(...read)).err).toContain('CHIP_ACCESS_DENIED')
    expect(await chip.run(...read, ...other)).toMatchObject({ code: 2, out: '' })
    expect(await documentOf(...read, ...right)).toEqual({ data: '0000' })

    await documentOf('reset')
    expect(await chip.run('entity', 'authenticate', ...other)).toEqual({
      code: 1,
      out: 'the entity is NOT authenticated\n',
      err: '',
    })
    expect((await chip.run(...read)).err).toContain('CHIP_ACCESS_DENIED')
    expect(await documentOf('entity', 'authenticate', ...right)).toEqual({ authenticated: true })
    expect(await documentOf(...read)).toEqual({ data: '0000' })
    const short = ['--entity-slot', '0', '--entity-key', await folder.file('short.txt', '07')]
    expect((await chip.run('entity', 'authenticate', ...short)).err).toContain(
      'has 1 octets, but Ed25519 has 32',
    )
  })
})

describe('stsafe i2c and hibernate', () => {
  it('set the parameters that are named, and leave the others', async () => {
    const before = { address: 0x20, lowPower: 'none', idleMs: 50, locked: false }
    expect(await documentOf('i2c')).toEqual(before)
    const standby = ['i2c', '--low-power', 'standby', '--idle', '1600']
    const after = { ...before, lowPower: 'standby', idleMs: 1600 }
    expect(await documentOf(...standby)).toEqual(after)
    expect(await documentOf('i2c', '--address', '0x33')).toEqual({ ...after, address: 0x33 })
    for (const wrong of [
      ['--idle', '75'],
      ['--idle', '1650'],
      ['--address', '0x80'],
    ]) {
      expect(await chip.run('i2c', ...wrong)).toMatchObject({ code: 2, out: '' })
    }
  })

  it('lock them only when told that it is for good', async () => {
    expect((await chip.run('i2c', '--lock')).err).toContain('CLI_PERMANENT: the I2C parameters')
    const { code, err, out } = await chip.run('i2c', '--lock', '--permanent')
    expect({ code, err }).toEqual({
      code: 0,
      err: 'permanent: the I2C parameters can never be changed again\n',
    })
    expect(out).toMatch(/^locked +yes$/m)
    expect((await chip.run('i2c', '--idle', '100')).err).toContain('are locked')
    expect((await chip.run('info')).out).toMatch(/^I2C address +0x20, locked$/m)
  })

  it('let a part sleep that is not made for it only when told so', async () => {
    const refused = await chip.run('hibernate')
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toMatch(/STSAFE-A120 does not hibernate\. Remedy: pass --on-any-part/)
    const asleep = { hibernating: true, wakeUp: 'reset' }
    expect(await documentOf('hibernate', '--on-any-part', '--wake-up', 'reset')).toEqual(asleep)
  })
})
