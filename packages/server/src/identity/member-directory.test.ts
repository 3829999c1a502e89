import { describe, expect, it } from 'vitest'
import { HandClock } from '../testing/hand-clock.ts'
import { MemoryLedger } from '../testing/memory-ledger.ts'
import { MemberDirectory } from './member-directory.ts'

function directoryOf(): {
  readonly clock: HandClock
  readonly ledger: MemoryLedger
  readonly directory: MemberDirectory
} {
  const [clock, ledger] = [new HandClock(), new MemoryLedger()]
  ledger.addMember({ name: 's1', role: 'station', spkiSha256: 'aa' })
  return { clock, ledger, directory: new MemberDirectory({ members: ledger.members, clock }) }
}

describe('the directory of members', () => {
  it('asks the store once in two seconds, whoever asks it', async () => {
    const { clock, ledger, directory } = directoryOf()
    await Promise.all([1, 2, 3].map(async () => directory.byKey('aa')))
    clock.pass(1_999)
    expect(await directory.byKey('aa')).toMatchObject({ name: 's1' })
    expect(ledger.lookups).toBe(1)
    clock.pass(1)
    await directory.byKey('aa')
    expect(ledger.lookups).toBe(2)
  })

  it('learns of a block within two seconds', async () => {
    const { clock, ledger, directory } = directoryOf()
    await directory.byKey('aa')
    await ledger.members.block('s1', 'lost')
    expect(await directory.byKey('aa')).toMatchObject({ state: 'active' })
    clock.pass(2_000)
    expect(await directory.byKey('aa')).toMatchObject({ state: 'blocked' })
  })

  it('learns of its own changes at once', async () => {
    const { ledger, directory } = directoryOf()
    await directory.byKey('aa')
    await ledger.members.block('s1', 'lost')
    directory.forget()
    expect(await directory.byKey('aa')).toMatchObject({ state: 'blocked' })
  })

  it('never takes a store that is gone for a member that is unknown', async () => {
    const { ledger, directory } = directoryOf()
    ledger.failure = new Error('the store is gone')
    await expect(directory.byKey('aa')).rejects.toThrow('the store is gone')
    ledger.failure = undefined
    expect(await directory.byKey('aa')).toMatchObject({ name: 's1' })
  })

  it('keeps a bounded number of members', async () => {
    const { ledger, directory } = directoryOf()
    for (let key = 0; key < 5_000; key++) await directory.byKey(String(key))
    await directory.byKey('4999')
    expect(ledger.lookups).toBe(5_000)
    await directory.byKey('0')
    expect(ledger.lookups).toBe(5_001)
  })
})
