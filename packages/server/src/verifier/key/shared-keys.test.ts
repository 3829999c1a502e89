import { encodeUtf8, isKeylineError, Secret, seededRandom } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { HandClock } from '../../testing/hand-clock.ts'
import { MemoryRecord } from '../testing/memory-record.ts'
import { earKeys, nonceKeys } from './kinds.ts'
import { announceMs, SharedKeys } from './shared-keys.ts'

const dayMs = 86_400_000

function opened(record: MemoryRecord, clock: HandClock, seed = 'keys') {
  return SharedKeys.open(record, earKeys(seededRandom(seed), 30), clock)
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (isKeylineError(error)) return error.code
    throw error
  }
}

describe('keys that replicas share', () => {
  it('are made once, whoever is first', async () => {
    const record = new MemoryRecord()
    const clock = new HandClock()
    const all = await Promise.all(['a', 'b', 'c'].map((seed) => opened(record, clock, seed)))
    expect(new Set(all.map((keys) => keys.current.jwk.kid)).size).toBe(1)
  })

  it('change at an announced moment, which every replica has read of by then', async () => {
    const record = new MemoryRecord()
    const clock = new HandClock()
    const first = await opened(record, clock, 'first')
    const second = await opened(record, clock, 'second')
    const before = first.current.jwk.kid
    expect(await first.rotate()).toBe(clock.now() + announceMs)
    await second.refresh()
    const published = second.all.map(({ jwk }) => jwk.kid)
    expect(published).toHaveLength(2)
    expect([first, second].map((keys) => keys.current.jwk.kid)).toEqual([before, before])
    clock.pass(announceMs)
    const after = first.current.jwk.kid
    expect(after).toBe(published[1])
    expect(second.current.jwk.kid).toBe(after)
  })

  it('stay published for as long as what was made under them may be shown', async () => {
    const record = new MemoryRecord()
    const clock = new HandClock()
    const keys = await opened(record, clock)
    const first = keys.current.jwk.kid
    await keys.rotate()
    clock.pass(announceMs + 29 * dayMs)
    await keys.rotate()
    expect(keys.all.map(({ jwk }) => jwk.kid)).toContain(first)
    clock.pass(2 * dayMs)
    await keys.rotate()
    expect(keys.all.map(({ jwk }) => jwk.kid)).not.toContain(first)
  })

  it('are not replaced before they have been in force', async () => {
    const clock = new HandClock()
    const record = new MemoryRecord()
    const keys = await SharedKeys.open(record, nonceKeys(seededRandom('n'), 150_000), clock)
    clock.pass(dayMs)
    await keys.rotate()
    expect(await codeOf(keys.rotate())).toBe('SERVER_KEY_ROTATION')
    clock.pass(announceMs + 149_999)
    expect(await codeOf(keys.rotate())).toBe('SERVER_KEY_ROTATION')
    clock.pass(1)
    expect(await codeOf(keys.rotate())).toBe('none')
    expect(keys.all).toHaveLength(2)
  })

  it.each([
    '{',
    '{"keys":[]}',
    '{"keys":[{"from":0,"octets":"*"}]}',
    '{"keys":[{"from":0,"octets":"AA"}]}',
  ])('that cannot be read stop the start: %s', async (text) => {
    const record = new MemoryRecord()
    await record.setSetting('verifier-result-keys', new Secret(encodeUtf8(text)))
    expect(await codeOf(opened(record, new HandClock()))).toBe('SERVER_KEYS_DAMAGED')
  })
})
