import { toHex, VirtualClock } from '@keyline/bytes'
import { keyPairSigner } from '@keyline/crypto'
import { keyIdentifier } from '@keyline/x509'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Pki } from '../pki/create-pki.ts'
import { MemoryLists } from '../testing/memory-lists.ts'
import { testPki, today } from '../testing/test-line.ts'
import { ListBuilder } from './build-list.ts'
import { openListAuthority } from './list-authority.ts'
import { createListJobs, type ListAlarm } from './list-jobs.ts'
import { defaultListPolicy, listState } from './list-life.ts'
import type { ListedRevocation } from './list-store.ts'

let pki: Pki
let keyId: string
beforeAll(async () => {
  pki = await testPki()
  keyId = toHex(keyIdentifier(pki.pai.keyPair.publicKey.point))
})

const hour = 3_600_000
const revoked = (serialNumber: string): ListedRevocation => ({
  serialNumber,
  reason: 'keyCompromise',
  revokedAt: today.getTime() - hour,
})

function setUp(isAway = { now: false }) {
  const store = new MemoryLists()
  const clock = new VirtualClock(today.getTime())
  const alarms: ListAlarm[] = []
  const own = keyPairSigner(pki.pai.keyPair)
  const signer = {
    publicKey: own.publicKey,
    sign: (message: Uint8Array) =>
      isAway.now ? Promise.resolve(new Uint8Array(70)) : own.sign(message),
  }
  const jobs = createListJobs({
    authorities: [openListAuthority({ issuer: pki.pai.certificate, signer })],
    store,
    clock,
    onAlarm: (alarm) => alarms.push(alarm),
  })
  const numberNow = async (): Promise<number> => (await store.crl(keyId))?.number ?? 0
  return { store, clock, alarms, jobs, numberNow }
}

describe('the work that keeps lists new', () => {
  it('makes the first list, and another after a quarter of its life, never later', async () => {
    const { clock, jobs, numberNow, store, alarms } = setUp()
    const numbers: number[] = []
    for (let at = 0; at < 14 * 24; at++) {
      await jobs['crl.watch']({})
      numbers.push(await numberNow())
      const list = await store.crl(keyId)
      expect(listState(list, clock.now(), defaultListPolicy)).toBe('fresh')
      await clock.sleep(hour)
    }
    expect(numbers[0]).toBe(1)
    // Two weeks are eight quarters of a week.
    expect(numbers.at(-1)).toBe(8)
    expect(alarms).toEqual([])
  })

  it('makes one for what was revoked, and leaves what is new enough alone', async () => {
    const { jobs, numberNow, store } = setUp()
    await jobs['crl.build']({ issuerKeyId: keyId })
    await jobs['crl.build']({ issuerKeyId: keyId })
    expect(await numberNow()).toBe(1)
    store.revoke(keyId, revoked('0a'))
    await jobs['crl.build']({ issuerKeyId: keyId })
    expect(await numberNow()).toBe(2)
    // The job got lost: the watch finds what it missed.
    store.revoke(keyId, revoked('0b'))
    await jobs['crl.watch']({})
    expect(await numberNow()).toBe(3)
  })

  it('alarms from half of the life on, as long as the signer is away', async () => {
    const isAway = { now: false }
    const { clock, jobs, alarms } = setUp(isAway)
    await jobs['crl.watch']({})
    isAway.now = true
    const states: string[] = []
    for (const part of [0.2, 0.3, 0.55, 1.1]) {
      await clock.sleep(today.getTime() + part * defaultListPolicy.lifeMs - clock.now())
      const before = alarms.length
      await jobs['crl.watch']({}).catch(() => undefined)
      states.push(alarms.slice(before).at(-1)?.state ?? 'silent')
    }
    expect(states).toEqual(['silent', 'silent', 'overdue', 'lapsed'])
    isAway.now = false
    await jobs['crl.watch']({})
    expect(alarms.at(-1)?.state).toBe('lapsed')
  })

  it('asks a person for the list of a CA that is signed elsewhere', async () => {
    const { store, clock } = setUp()
    const alarms: ListAlarm[] = []
    const onAlarm = (alarm: ListAlarm): void => void alarms.push(alarm)
    const elsewhere = createListJobs({ authorities: [], watched: [keyId], store, clock, onAlarm })
    const watch = async (): Promise<string> => {
      const before = alarms.length
      await elsewhere['crl.watch']({})
      return alarms.slice(before).at(-1)?.state ?? 'silent'
    }
    expect(await watch()).toBe('silent')
    store.revoke(keyId, revoked('0a'))
    await elsewhere['crl.build']({ issuerKeyId: keyId })
    expect(await watch()).toBe('none')
    const signer = keyPairSigner(pki.pai.keyPair)
    const authority = openListAuthority({ issuer: pki.pai.certificate, signer })
    const options = { authority, store, clock, policy: defaultListPolicy }
    await new ListBuilder(options).build()
    expect(await watch()).toBe('silent')
    store.revoke(keyId, revoked('0b'))
    expect(await watch()).toBe('fresh')
    await new ListBuilder(options).build()
    await clock.sleep(0.6 * defaultListPolicy.lifeMs)
    expect(await watch()).toBe('overdue')
  })

  it('refuses a CA whose key it does not have', async () => {
    const { jobs } = setUp()
    await expect(jobs['crl.build']({ issuerKeyId: 'ff' })).rejects.toMatchObject({
      code: 'ISSUER_CRL_SIGNER',
    })
  })
})
