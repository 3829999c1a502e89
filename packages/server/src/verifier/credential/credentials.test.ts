import { decodeUtf8, encodeUtf8, Secret, seededRandom, toBase64 } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { ServerError } from '../../errors.ts'
import { HandClock } from '../../testing/hand-clock.ts'
import { verifierRoles } from '../port.ts'
import { drawApiKey } from './api-key.ts'
import { Credentials, type CredentialsOptions } from './credentials.ts'
import { hashPassword } from './password-hash.ts'
import { MemoryCredentials } from './testing/memory-credentials.ts'

const cost = { costLog2: 4, blockSize: 1, parallelism: 1 }
/** A hash of this cost is not checked at all: who gets to it is told so. */
const impossible = { costLog2: 30, blockSize: 1, parallelism: 1 }
const password = 'correct horse battery'

function basic(name: string, secret: string): string {
  return `Basic ${toBase64(encodeUtf8(`${name}:${secret}`))}`
}

async function service(options: Partial<CredentialsOptions> = {}) {
  const store = new MemoryCredentials()
  const clock = new HandClock()
  const random = seededRandom('credentials')
  const keep = async (name: string, secret: string, expiresAt?: number): Promise<void> => {
    const verifier = await hashPassword(new Secret(encodeUtf8(secret)), random, cost)
    const roles = ['provisioner'] as const
    await store.add({ name, kind: 'password', roles, verifier, expiresAt, createdAt: 0 })
  }
  await keep('alice', password)
  const { key, sha256 } = drawApiKey(random)
  const apiKey = decodeUtf8(key.reveal())
  const roles = ['manager'] as const
  const expiresAt = clock.now() + 1_000
  await store.add({
    name: 'line-1',
    kind: 'api-key',
    roles,
    verifier: sha256,
    expiresAt,
    createdAt: 0,
  })
  const credentials = new Credentials({
    store,
    clock,
    random,
    policy: 'production',
    cost,
    ...options,
  })
  const codeOf = async (authorization: string): Promise<string> => {
    try {
      const principal = await credentials.authenticate(authorization)
      return principal === undefined ? 'nobody' : principal.name
    } catch (error) {
      if (error instanceof ServerError) return error.code
      throw error
    }
  }
  return { store, clock, credentials, apiKey, keep, codeOf }
}

describe('credentials', () => {
  it('name who asks and what he may: by password, by API key, or nobody', async () => {
    const { credentials, apiKey } = await service()
    expect(await credentials.authenticate(basic('alice', password))).toEqual({
      name: 'alice',
      roles: ['provisioner'],
    })
    expect(await credentials.authenticate(`bearer ${apiKey}`)).toEqual({
      name: 'line-1',
      roles: ['manager'],
    })
    expect(await credentials.authenticate(undefined)).toBeUndefined()
  })

  it('are refused with one code and one message, whatever of a password is wrong', async () => {
    const { credentials } = await service()
    const messages = new Set<string>()
    for (const wrong of [
      basic('alice', `${password}!`),
      basic('alice', ''),
      basic('bob', password),
      basic('line-1', password),
    ]) {
      const refused = await credentials.authenticate(wrong).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(ServerError)
      if (!(refused instanceof ServerError)) continue
      expect(refused.code).toBe('SERVER_CREDENTIALS_REFUSED')
      expect(refused.details['challenge']).toMatch(/^Basic realm=/)
      messages.add(refused.message)
    }
    expect(messages.size).toBe(1)
  })

  it('take the work of a check for a name that nobody has, and for one that has no password', async () => {
    const { codeOf } = await service({ cost: impossible })
    expect(await codeOf(basic('alice', password))).toBe('alice')
    expect(await codeOf(basic('bob', password))).toBe('SERVER_CREDENTIAL_DAMAGED')
    expect(await codeOf(basic('line-1', password))).toBe('SERVER_CREDENTIAL_DAMAGED')
  })

  it.each([
    'Basic',
    'Basic !!!!',
    `Basic ${toBase64(encodeUtf8('no colon'))}`,
    `Basic ${toBase64(Uint8Array.of(0xff, 0x3a, 0x61))}`,
    basic('', password),
    basic('a\nb', password),
    `Digest ${toBase64(encodeUtf8('alice:x'))}`,
    'Bearer keyline_short',
    `Bearer keyline_${'A'.repeat(43)}`,
    `Bearer ${'A'.repeat(5_000)}`,
    `Basic ${toBase64(encodeUtf8(`alice:${password}`))} ${toBase64(encodeUtf8('bob:x'))}`,
  ])('are refused in the form %.60s', async (authorization) => {
    const { codeOf } = await service()
    expect(await codeOf(authorization)).toBe('SERVER_CREDENTIALS_REFUSED')
  })

  it('end at their time', async () => {
    const { codeOf, clock, apiKey, keep } = await service()
    await keep('guest', password, clock.now() + 1_000)
    const guest = basic('guest', password)
    expect(await codeOf(`Bearer ${apiKey}`)).toBe('line-1')
    expect(await codeOf(guest)).toBe('guest')
    clock.pass(1_000)
    expect(await codeOf(`Bearer ${apiKey}`)).toBe('SERVER_CREDENTIALS_REFUSED')
    expect(await codeOf(guest)).toBe('SERVER_CREDENTIALS_REFUSED')
  })

  it('that were removed or changed are refused at once, though the check was remembered', async () => {
    const { codeOf, store, keep } = await service()
    expect(await codeOf(basic('alice', password))).toBe('alice')
    await store.remove('alice')
    expect(await codeOf(basic('alice', password))).toBe('SERVER_CREDENTIALS_REFUSED')
    await keep('alice', 'another password')
    expect(await codeOf(basic('alice', password))).toBe('SERVER_CREDENTIALS_REFUSED')
    expect(await codeOf(basic('alice', 'another password'))).toBe('alice')
  })

  it('cost one check for any number of requests, and are not shut out by a crowd of wrong ones', async () => {
    const { codeOf, store } = await service()
    const right = basic('alice', password)
    const same = await Promise.all(Array.from({ length: 200 }, () => codeOf(right)))
    expect(new Set(same)).toEqual(new Set(['alice']))
    expect(store.lookups).toBe(200)
    const crowd = Array.from({ length: 200 }, (_, index) => codeOf(basic(`bob${index}`, password)))
    expect(await codeOf(right)).toBe('alice')
    const outcomes = new Set(await Promise.all(crowd))
    expect(outcomes).toEqual(new Set(['SERVER_CREDENTIALS_REFUSED', 'SERVER_OVERLOADED']))
  })

  it('of a record that gives no answer are not wrong: the error of the record stands', async () => {
    const { credentials, store } = await service()
    store.failure = new Error('gone')
    await expect(credentials.authenticate(basic('alice', password))).rejects.toThrow('gone')
  })

  it('can be left out with the policy test alone', async () => {
    const { credentials } = await service({ mode: 'none', policy: 'test' })
    expect(await credentials.authenticate(undefined)).toMatchObject({ roles: verifierRoles })
    await expect(service({ mode: 'none' })).rejects.toThrow('policy production')
  })
})
