import { beforeEach, describe, expect, it } from 'vitest'
import { isKeylineError, VirtualClock } from '@keyline/bytes'
import { auditLines, verifyAuditExport, type Ledger } from '@keyline/ledger'
import { scaled } from '../support/scale.ts'
import { LedgerBench } from './support/bench.ts'
import { databaseKinds, openAt } from './support/databases.ts'

const day = 86_400_000

describe.each(databaseKinds)('members on $name', ({ name: database, create }) => {
  const bench = new LedgerBench(create(), `members ${database}`)
  bench.register()
  const clock = new VirtualClock()
  let ledger: Ledger

  beforeEach(async () => {
    ledger = await openAt(bench.location, { clock })
    return () => ledger.close()
  })

  const hash = (): string => bench.samples.hex(32)
  const certificate = (change: { readonly spkiSha256?: string; readonly days?: number } = {}) => ({
    certificateSha256: hash(),
    spkiSha256: change.spkiSha256 ?? hash(),
    notAfter: clock.now() + (change.days ?? 90) * day,
  })
  const invite = async (name: string, role: 'station' | 'officer' = 'station') => {
    const tokenSha256 = hash()
    await ledger.members.invite({ name, role, tokenSha256, expiresAt: clock.now() + day })
    return tokenSha256
  }
  const enrol = async (name: string) => {
    const tokenSha256 = await invite(name)
    const made = certificate()
    await ledger.members.enrol({ name, tokenSha256, ...made })
    return made
  }

  it('are invited, enrol, and are known by their key until their certificate ends', async () => {
    const tokenSha256 = await invite('line-1')
    expect(await ledger.members.get('line-1')).toEqual({
      name: 'line-1',
      role: 'station',
      state: 'invited',
      createdAt: clock.now(),
    })
    const made = certificate({ days: 2 })
    const member = await ledger.members.enrol({ name: 'line-1', tokenSha256, ...made })
    expect(member).toMatchObject({ name: 'line-1', role: 'station', state: 'active', ...made })
    expect(await ledger.members.byKey(made.spkiSha256)).toEqual(member)
    expect(await ledger.members.byKey(hash())).toBeUndefined()
    await clock.sleep(2 * day)
    expect(await ledger.members.byKey(made.spkiSha256)).toBeUndefined()
    expect(await bench.auditTypes()).toEqual(
      expect.arrayContaining(['member.invited', 'member.enrolled']),
    )
  })

  it('are answered alike whatever is wrong with their token', async () => {
    const wrong = { name: 'line-1', tokenSha256: hash(), ...certificate() }
    const messages: string[] = []
    const refuse = async (enrolment: typeof wrong): Promise<void> => {
      const error: unknown = await ledger.members
        .enrol(enrolment)
        .catch((refusal: unknown) => refusal)
      expect(error).toMatchObject({ code: 'LEDGER_TOKEN_INVALID' })
      messages.push(isKeylineError(error) ? error.message : '')
    }
    await refuse(wrong)
    const first = await invite('line-1')
    await refuse(wrong)
    const second = await invite('line-1')
    await refuse({ ...wrong, tokenSha256: first })
    await ledger.members.block('line-1', 'lost')
    await refuse({ ...wrong, tokenSha256: second })
    await ledger.members.unblock('line-1')
    await refuse({ ...wrong, tokenSha256: second })
    const third = await invite('line-1')
    await ledger.members.enrol({ ...wrong, tokenSha256: third })
    await refuse({ ...wrong, tokenSha256: third })
    const late = await invite('line-1')
    await clock.sleep(day)
    await refuse({ ...wrong, tokenSha256: late })
    expect(new Set(messages).size).toBe(1)
  })

  it('keep their role, and their key to themselves', async () => {
    const made = await enrol('line-1')
    expect(await codeOf(invite('line-1', 'officer'))).toBe('LEDGER_MEMBER_EXISTS')
    const tokenSha256 = await invite('line-2')
    const taken = { name: 'line-2', tokenSha256, ...made }
    expect(await codeOf(ledger.members.enrol(taken))).toBe('LEDGER_MEMBER_EXISTS')
    // The refusal has not used the token up.
    await ledger.members.enrol({ ...taken, spkiSha256: hash() })
    expect((await ledger.members.list()).map(({ name, state }) => `${name} ${state}`)).toEqual([
      'line-1 active',
      'line-2 active',
    ])
  })

  it('renew with a new key, and may ask again with the one before', async () => {
    const name = 'line-1'
    const first = await enrol(name)
    const second = certificate()
    const renewed = await ledger.members.renew({
      name,
      previousSpkiSha256: first.spkiSha256,
      ...second,
    })
    expect(renewed).toMatchObject(second)
    // The answer was lost: the first key still stands, and replaces the one that nobody got.
    const third = certificate()
    await ledger.members.renew({ name, previousSpkiSha256: first.spkiSha256, ...third })
    expect(await ledger.members.byKey(second.spkiSha256)).toBeUndefined()
    expect(await ledger.members.byKey(first.spkiSha256)).toMatchObject(third)
    // Under the same key there is only a new certificate.
    const fourth = certificate({ spkiSha256: third.spkiSha256 })
    await ledger.members.renew({ name, previousSpkiSha256: third.spkiSha256, ...fourth })
    expect(await ledger.members.byKey(third.spkiSha256)).toMatchObject(fourth)
    expect(await ledger.members.byKey(first.spkiSha256)).toBeUndefined()
    const stale = { name, previousSpkiSha256: first.spkiSha256, ...certificate() }
    expect(await codeOf(ledger.members.renew(stale))).toBe('LEDGER_MEMBER_UNKNOWN')
  })

  it('are blocked with the first reason, and come back as they were', async () => {
    const made = await enrol('line-1')
    await ledger.members.block('line-1', 'stolen')
    expect(await ledger.members.block('line-1', 'again')).toMatchObject({ blockReason: 'stolen' })
    expect(await ledger.members.byKey(made.spkiSha256)).toMatchObject({ state: 'blocked' })
    const renewal = { name: 'line-1', previousSpkiSha256: made.spkiSha256, ...certificate() }
    expect(await codeOf(ledger.members.renew(renewal))).toBe('LEDGER_MEMBER_BLOCKED')
    expect(await codeOf(invite('line-1'))).toBe('LEDGER_MEMBER_BLOCKED')
    expect(await ledger.members.unblock('line-1')).toMatchObject({ state: 'active', ...made })
    await ledger.members.unblock('line-1')
    await invite('line-2')
    await ledger.members.block('line-2', 'never came')
    expect(await ledger.members.unblock('line-2')).toMatchObject({ state: 'invited' })
    expect(await codeOf(ledger.members.block('line-3', 'none'))).toBe('LEDGER_MEMBER_UNKNOWN')
    expect(await codeOf(ledger.members.unblock('line-3'))).toBe('LEDGER_MEMBER_UNKNOWN')
    const types = await bench.auditTypes()
    expect(types.filter((type) => type.endsWith('blocked'))).toHaveLength(4)
  })

  it('use a token once, however many ask at once', async () => {
    for (let round = 0; round < scaled(3, 200); round++) {
      const name = `line-${round}`
      const tokenSha256 = await invite(name)
      const codes = await Promise.all(
        Array.from({ length: 16 }, () =>
          codeOf(ledger.members.enrol({ name, tokenSha256, ...certificate() })),
        ),
      )
      expect(codes.filter((code) => code === 'done')).toHaveLength(1)
      expect(codes.filter((code) => code === 'LEDGER_TOKEN_INVALID')).toHaveLength(15)
    }
  })

  it('have one key each, when two come with the same one at once', async () => {
    for (let round = 0; round < scaled(3, 200); round++) {
      const names = [`a-${round}`, `b-${round}`]
      const tokens = await Promise.all(names.map((name) => invite(name)))
      const made = certificate()
      const codes = await Promise.all(
        names.map((name, index) =>
          codeOf(ledger.members.enrol({ name, tokenSha256: tokens[index] ?? '', ...made })),
        ),
      )
      expect(codes.toSorted()).toEqual(['LEDGER_MEMBER_EXISTS', 'done'])
    }
  })

  it('leave an audit chain that is whole', async () => {
    await enrol('line-1')
    await ledger.members.block('line-1', 'test')
    const chunks: Uint8Array[] = []
    const head = await ledger.exportAudit((line) => {
      chunks.push(new TextEncoder().encode(`${line}\n`))
    })
    const report = await verifyAuditExport(auditLines(chunks), [head])
    expect(report).toMatchObject({ findings: [], anchoredTo: head.seq })
  })
})

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((refusal: unknown) => refusal)
  return isKeylineError(error) ? error.code : 'done'
}
