import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '@keyline/bytes'
import { generateP256 } from '@keyline/crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SignatureCounter } from './signature-counter.ts'

const { publicKey } = generateP256()
const headerOctets = 40
const entryOctets = 12

let folder: string
let path: string
let nowMs: number
const clock: Clock = {
  now: () => nowMs,
  monotonicMs: () => nowMs,
  sleep: () => Promise.resolve(),
  during: (work) => work(),
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-counter-'))
  path = join(folder, 'signer.count')
  nowMs = Date.UTC(2026, 5, 1)
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = (
  limits: { limit?: number; limitPerMinute?: number } = {},
): Promise<SignatureCounter> => SignatureCounter.open({ path, publicKey, clock, ...limits })

/** What stands in the file. */
async function counted(): Promise<number> {
  const counter = await open()
  await counter.close()
  return counter.total
}

/** Takes so many at once and closes the file. */
async function count(times: number): Promise<number> {
  const counter = await open()
  await Promise.all(Array.from({ length: times }, () => counter.take()))
  await counter.close()
  return counter.total
}

describe('a counter of certificates', () => {
  it('goes on where it ended, also when many come at once', async () => {
    expect(await count(3)).toBe(3)
    expect(await count(200)).toBe(203)
    expect(await counted()).toBe(203)
    const entries = (readFileSync(path).length - headerOctets) / entryOctets
    expect(entries).toBeLessThan(50)
  })

  it('has a certificate on the disk before it lets it be signed', async () => {
    const counter = await open()
    await counter.take()
    expect(readFileSync(path).length).toBe(headerOctets + entryOctets)
    await counter.close()
  })

  it('stops at its limit, also after it was opened again', async () => {
    const first = await open({ limit: 2 })
    const taken = await Promise.allSettled([first.take(), first.take(), first.take()])
    expect(taken.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    await first.close()
    const again = await open({ limit: 2 })
    await expect(again.take()).rejects.toMatchObject({ code: 'ISSUER_SIGNER_LIMIT' })
    await again.close()
    const higher = await open({ limit: 3 })
    await expect(higher.take()).resolves.toBeUndefined()
    await higher.close()
  })

  it('stops at its limit of a minute, remembers it over a restart, and goes on a minute later', async () => {
    const first = await open({ limitPerMinute: 2 })
    await first.take()
    nowMs += 30_000
    await first.take()
    await expect(first.take()).rejects.toMatchObject({ code: 'ISSUER_SIGNER_LIMIT' })
    await first.close()
    const again = await open({ limitPerMinute: 2 })
    nowMs += 29_999
    await expect(again.take()).rejects.toMatchObject({ code: 'ISSUER_SIGNER_LIMIT' })
    nowMs += 1
    await expect(again.take()).resolves.toBeUndefined()
    await again.close()
  })

  it('loses nothing but a torn last entry, wherever it is cut', async () => {
    expect(await count(1)).toBe(1)
    expect(await count(1)).toBe(2)
    const whole = readFileSync(path)
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole)
      truncateSync(path, length)
      const counter = await open()
      expect(counter.total).toBe(Math.max(0, Math.floor((length - headerOctets) / entryOctets)))
      await counter.take()
      await counter.close()
      expect(await counted()).toBe(counter.total)
    }
  })

  it('refuses a file in which any octet was changed, but for a torn last entry', async () => {
    await count(1)
    await count(1)
    const whole = readFileSync(path)
    const last = whole.length - entryOctets
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole)
      changed.writeUInt8(changed.readUInt8(at) ^ 0x01, at)
      writeFileSync(path, changed)
      if (at >= last) expect(await counted()).toBe(1)
      else await expect(open()).rejects.toMatchObject({ code: 'ISSUER_SIGNER_COUNTER' })
    }
  })

  it('refuses the file of another key, and entries that go back', async () => {
    await count(1)
    const other = SignatureCounter.open({ path, publicKey: generateP256().publicKey, clock })
    await expect(other).rejects.toMatchObject({ code: 'ISSUER_SIGNER_COUNTER' })
    await count(1)
    appendFileSync(path, readFileSync(path).subarray(headerOctets, headerOctets + entryOctets))
    await expect(open()).rejects.toMatchObject({ code: 'ISSUER_SIGNER_COUNTER' })
  })

  it('lets nothing more be signed after a write that failed', async () => {
    const counter = await open()
    await counter.take()
    await counter.close()
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(counter.take()).rejects.toMatchObject({ code: 'ISSUER_SIGNER_COUNTER' })
    }
    expect(await counted()).toBe(1)
  })

  it('refuses a place where nothing can be written', async () => {
    path = join(folder, 'missing', 'signer.count')
    await expect(open()).rejects.toMatchObject({ code: 'ISSUER_SIGNER_COUNTER' })
  })
})
