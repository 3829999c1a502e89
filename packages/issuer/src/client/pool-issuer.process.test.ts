import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom, systemRandom, VirtualClock } from '@keyline/bytes'
import { generateP256, p256FromEncoded, p256ToPkcs8, type P256KeyPair } from '@keyline/crypto'
import { parseCertificate, pemEncode } from '@keyline/x509'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scaled } from '../../../../test/support/scale.ts'
import { IssuerError } from '../errors.ts'
import { csrOf, testLine } from '../testing/test-line.ts'
import { PoolFolder } from './pool-folder.ts'
import { createPoolIssuer, type PoolIssuer } from './pool-issuer.ts'

const line = await testLine()
line.store.addOrder({ orderId: 'O-1', certificateLimit: 1000 })
const pairs: readonly P256KeyPair[] = Array.from({ length: 6 }, () => generateP256())
const chains = await Promise.all(
  pairs.map(async (pair, index) =>
    line.issuer.issue({
      orderId: 'O-1',
      unitId: `U-${index + 1}`,
      idempotencyKey: `made ${index}`,
      csr: await csrOf(pair),
    }),
  ),
)
const authorities = { pai: line.pki.pai.certificate, paa: line.pki.paa.certificate }
let folder = ''

async function fill(index: number, withKey: boolean): Promise<void> {
  const place = join(folder, 'free', `item-${index}`)
  await mkdir(place, { recursive: true })
  const { dac } = chains[index] ?? { dac: new Uint8Array() }
  await writeFile(join(place, 'dac.cert.pem'), pemEncode('CERTIFICATE', dac))
  const pair = pairs[index]
  if (!withKey || pair === undefined) return
  using key = p256ToPkcs8(pair)
  await writeFile(join(place, 'dac.key.pem'), pemEncode('PRIVATE KEY', key.reveal()))
}

/** As another process would open the same folder. */
const open = (): PoolIssuer =>
  createPoolIssuer({ folder, authorities, clock: new VirtualClock(), random: systemRandom })

const requestFor = async (index: number, idempotencyKey: string) => ({
  orderId: 'O-1',
  unitId: 'U-1',
  idempotencyKey,
  csr: await csrOf(pairs[index]),
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-pool-'))
  await mkdir(join(folder, 'free'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a pool of certificates', () => {
  it('gives the certificate of the key that asks, once', async () => {
    await Promise.all(pairs.map((_, index) => fill(index, false)))
    const answer = await open().issue(await requestFor(3, 'first'))
    expect(answer).toEqual({ dac: chains[3]?.dac, ...authorities })
    const again = open().issue(await requestFor(3, 'second'))
    await expect(again).rejects.toMatchObject({ code: 'ISSUER_POOL', fault: 'operator' })
    expect(await readdir(join(folder, 'free'))).toHaveLength(5)
  })

  it('gives the same key of idempotency the same certificate, whichever process asks', async () => {
    await fill(0, false)
    const request = await requestFor(0, 'same')
    const answers = await Promise.all([open(), open(), open()].map((pool) => pool.issue(request)))
    expect(answers.map(({ dac }) => dac)).toEqual([0, 0, 0].map((index) => chains[index]?.dac))
    expect(await open().issue(request)).toEqual(answers[0])
  })

  it('finds what was added while it was open', async () => {
    const pool = open()
    expect(await pool.health()).toEqual({ isReady: false, reason: 'the pool is empty' })
    await expect(pool.issue(await requestFor(1, 'k'))).rejects.toBeInstanceOf(IssuerError)
    await fill(1, false)
    expect(await pool.health()).toEqual({ isReady: true })
    expect((await pool.issue(await requestFor(1, 'k'))).dac).toEqual(chains[1]?.dac)
  })

  it('hands out pairs, but none for production', async () => {
    await fill(0, true)
    await fill(1, false)
    const production = open().takePair({ idempotencyKey: 'a', policy: 'production' })
    await expect(production).rejects.toMatchObject({ code: 'ISSUER_POLICY_REFUSES' })
    const item = await open().takePair({ idempotencyKey: 'a', policy: 'test' })
    const pair = p256FromEncoded({ octets: item.key?.reveal() ?? new Uint8Array() })
    expect(pair.publicKey.point).toEqual(parseCertificate(item.dac).publicPoint)
    const keyless = open().takePair({ idempotencyKey: 'b', policy: 'test' })
    await expect(keyless).rejects.toMatchObject({ code: 'ISSUER_POOL' })
    expect(await readdir(join(folder, 'free'))).toEqual(['item-1'])
  })

  it('uses each item once, however many take at the same time', async () => {
    const random = seededRandom('takers')
    for (let round = 0; round < scaled(4, 200); round++) {
      await Promise.all(pairs.map((_, index) => fill(index, true)))
      const keys = Array.from({ length: 6 }, (_, index) => `${round}/${index}`)
      const takers = [...keys, ...keys, ...keys].toSorted(() => (random.bytes(1)[0] ?? 0) - 128)
      const taken = await Promise.all(
        takers.map(async (key) => {
          const { name } = await open().takePair({ idempotencyKey: key, policy: 'test' })
          return { key, name }
        }),
      )
      const byKey = new Map(taken.map(({ key, name }) => [key, name]))
      for (const { key, name } of taken) expect(name).toBe(byKey.get(key))
      expect(new Set(byKey.values()).size).toBe(6)
      expect(await readdir(join(folder, 'free'))).toEqual([])
      await rm(join(folder, 'taken'), { recursive: true })
    }
  })

  it('goes on where a crash has left a choice without its move', async () => {
    await fill(0, true)
    await fill(1, true)
    await open().takePair({ idempotencyKey: 'key', policy: 'test' })
    const [place = ''] = await readdir(join(folder, 'taken'))
    const names = await readdir(join(folder, 'taken', place))
    const chosen = names.find((name) => name.startsWith('item')) ?? ''
    await rename(join(folder, 'taken', place, chosen), join(folder, 'free', chosen))
    const again = await open().takePair({ idempotencyKey: 'key', policy: 'test' })
    expect(again.name).toBe(chosen)
    expect(await readdir(join(folder, 'free'))).toHaveLength(1)
  })

  it('chooses anew where another key was faster', async () => {
    await Promise.all([0, 1, 2].map((index) => fill(index, true)))
    const pool = new PoolFolder(folder, systemRandom)
    await pool.take('fast', async () => 'item-0')
    const names = ['item-0', 'item-1']
    const slow = await pool.take('slow', async (lost) => names.find((name) => !lost.has(name)))
    expect(slow?.name).toBe('item-1')
    const again = await pool.take('slow', async () => 'item-2')
    expect(again?.name).toBe('item-1')
    expect(await pool.take('none', async () => undefined)).toBeUndefined()
  })

  it('does not use an item twice that was put back under its name', async () => {
    await fill(0, true)
    await open().takePair({ idempotencyKey: 'key', policy: 'test' })
    await fill(0, true)
    const again = open().takePair({ idempotencyKey: 'key', policy: 'test' })
    await expect(again).rejects.toMatchObject({
      code: 'ISSUER_POOL',
      message: expect.stringContaining('item-0 cannot be moved'),
    })
    expect(await readdir(join(folder, 'free'))).toEqual(['item-0'])
  })

  it.each([
    ['is a file', (taken: string) => writeFile(taken, ''), 'cannot be read'],
    ['leads nowhere', (taken: string) => symlink('nowhere', taken), 'cannot be written'],
  ])('says when its folder of what is taken %s, and takes nothing', async (_, spoil, words) => {
    await fill(0, true)
    await spoil(join(folder, 'taken'))
    const pool = open()
    await expect(pool.takePair({ idempotencyKey: 'k', policy: 'test' })).rejects.toMatchObject({
      code: 'ISSUER_POOL',
      message: expect.stringContaining(words),
    })
    expect(await readdir(join(folder, 'free'))).toEqual(['item-0'])
    await pool.close()
  })

  it('gives nothing to who has stopped asking', async () => {
    await fill(0, false)
    const signal = AbortSignal.abort()
    await expect(open().issue(await requestFor(0, 'k'), { signal })).rejects.toThrow()
    expect(await readdir(join(folder, 'free'))).toEqual(['item-0'])
  })

  it('says when its folder is none, and when an item has no certificate', async () => {
    await rm(join(folder, 'free'), { recursive: true })
    await expect(open().health()).rejects.toMatchObject({ code: 'ISSUER_POOL' })
    await mkdir(join(folder, 'free', 'bare'), { recursive: true })
    await writeFile(join(folder, 'free', 'bare', 'dac.key.pem'), '')
    const bare = open().takePair({ idempotencyKey: 'k', policy: 'test' })
    await expect(bare).rejects.toMatchObject({ code: 'ISSUER_POOL' })
  })
})
