import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { labelFormats } from '@keyline/station'
import { keyline } from '../cli/support/keyline.ts'
import { homeOf, openTestStation, runTestLine, temporaryFolder } from '../support/line.ts'
import { unitsIn } from './support/outcome.ts'

/** Types and facts of the audit records of one type. */
async function audited(folder: string, type: string): Promise<readonly unknown[]> {
  const station = await openTestStation(folder)
  const found: unknown[] = []
  try {
    await station.ledger.exportAudit((line) => {
      const record = JSON.parse(line)
      if (record.type === type) found.push(record.data)
    })
  } finally {
    await station.close()
  }
  return found
}

const manualOf = (svg: string): string => /\d{4}-\d{3}-\d{4}/.exec(svg)?.[0] ?? ''

describe('labels of a run', () => {
  it('are written for units that pass, from their read-back, and for no other', async () => {
    await using folder = await temporaryFolder()
    const labels = join(folder.path, 'labels')
    const run = await runTestLine({
      folder: folder.path,
      slots: 2,
      quantity: 2,
      boardsInMemory: true,
      faults: [{ slot: 2, name: 'verify-mismatch' }],
      run: { labels: { folder: labels, formats: labelFormats } },
    })
    expect(run.summary).toMatchObject({ pass: 1, fail: 1 })
    const made = (await unitsIn(folder.path)).find(({ verdict }) => verdict?.verdict === 'PASS')
    const { serialNumber = '' } = made?.unit ?? {}
    expect(readdirSync(labels).toSorted()).toEqual([`${serialNumber}.pdf`, `${serialNumber}.svg`])
    const svg = join(labels, `${serialNumber}.svg`)
    expect(statSync(svg).mode & 0o077).toBe(0)
    const codes = readFileSync(join(run.results, 'units', serialNumber, 'onboarding.txt'), 'utf8')
    expect(codes.replaceAll('-', '')).toContain(
      manualOf(readFileSync(svg, 'utf8')).replaceAll('-', ''),
    )
    expect(await audited(folder.path, 'label.printed')).toEqual([
      { unit: made?.unit.id, attempt: 1, reprint: false, forced: false },
    ])
  })
})

describe('the commands for a unit after its verdict', () => {
  it('print its label again, rework it, and scrap it', async () => {
    await using folder = await temporaryFolder()
    const run = await runTestLine({
      folder: folder.path,
      slots: 2,
      quantity: 2,
      certificateLimit: 6,
      faults: [{ slot: 2, name: 'verify-mismatch' }],
    })
    expect(run.summary).toMatchObject({ pass: 1, fail: 1 })
    const units = await unitsIn(folder.path)
    const numbers = ['PASS', 'FAIL'].map(
      (wanted) => units.find(({ verdict }) => verdict?.verdict === wanted)?.unit.serialNumber ?? '',
    )
    const [good = '', bad = ''] = numbers
    const home = ['--home', homeOf(folder.path)]
    const out = join(folder.path, 'out')
    const print = (...words: readonly string[]) => keyline('label', ...words, ...home, '--out', out)

    const whole = await print('order-1')
    expect(whole.code).toBe(0)
    expect(whole.out).toContain(`${bad}  no label: its verdict is FAIL BOARD_VERIFY`)
    expect(readdirSync(out).toSorted()).toEqual([`${good}.pdf`, `${good}.svg`, 'labels.pdf'])
    const refused = await print(bad)
    expect(refused.code).toBe(3)
    expect(refused.err).toContain('CLI_NO_LABEL')
    expect((await print(bad, '--force', 'sample for the fair', '--format', 'svg')).code).toBe(0)
    expect((await print('nobody')).err).toContain('CLI_UNKNOWN_UNIT')
    const printed = await audited(folder.path, 'label.printed')
    expect(printed).toMatchObject([
      { reprint: true, forced: false },
      { reprint: true, forced: true, reason: 'sample for the fair' },
    ])
    const oldCode = manualOf(readFileSync(join(out, `${good}.svg`), 'utf8'))

    const rework = (...words: readonly string[]) =>
      keyline('unit', 'rework', good, '--reason', 'board-repaired', ...home, ...words)
    const foreign = await rework('--old-label', '34970112332')
    expect({ code: foreign.code, err: foreign.err }).toMatchObject({
      code: 3,
      err: expect.stringContaining('CLI_OLD_LABEL'),
    })
    const opened = await rework('--old-label', oldCode, '--note', 'new shield\u001b[2J')
    expect(opened).toMatchObject({ code: 0, err: '' })
    expect(opened.out).toContain(`unit ${good} is in rework, attempt 2: board-repaired`)
    expect((await rework()).err).toContain('LEDGER_REWORK_OPEN')
    const shown = await keyline('unit', 'show', good, ...home)
    expect(shown.out).toContain('PASS complete on board')
    expect(shown.out).toContain('(new shield [2J; old label destroyed)')
    expect((await print(good)).err).toContain('the unit has no verdict')

    const scrap = (...words: readonly string[]) => keyline('unit', 'scrap', good, ...home, ...words)
    expect((await scrap('--reason', 'lost', '--approved-by', 'Ada')).err).toContain(
      'LEDGER_SCRAP_RETURN',
    )
    const scrapped = await scrap('--reason', 'destroyed', '--approved-by', 'Ada', '--json')
    expect(JSON.parse(scrapped.out)).toMatchObject({
      serialNumber: good,
      reason: 'destroyed',
      returned: 1,
      approvedBy: 'Ada',
    })
    expect((await scrap('--reason', 'destroyed')).err).toContain('LEDGER_UNIT_SCRAPPED')
    expect((await print(good, '--force', 'x')).err).toContain('it is scrapped')
    const passport = JSON.parse((await keyline('unit', 'show', good, ...home, '--json')).out)
    expect(passport).toMatchObject({
      lineage: [{ attempt: 1, verdict: 'PASS' }],
      scrap: { reason: 'destroyed', certificatesReturned: 1, approvedBy: 'Ada' },
      certificates: [{ state: 'void' }],
    })
  })

  it.each([
    ['unit', 'rework', 'X', '--reason', 'whim'],
    ['unit', 'rework', 'X'],
    ['unit', 'scrap', 'X'],
    ['label'],
    ['label', 'X', '--format', 'zpl'],
    ['station', 'bind', '--slots', '65'],
  ])('refuse what they do not know: %s %s %s', async (...words) => {
    expect((await keyline(...words)).code).toBe(2)
  })
})

describe('the slots of a station', () => {
  it('are bound by a command, shown, and kept to by the next run', async () => {
    await using folder = await temporaryFolder()
    const home = ['--home', homeOf(folder.path)]
    const bound = await keyline('station', 'bind', '--slots', '2', ...home)
    expect(bound).toMatchObject({ code: 0, err: '' })
    expect(bound.out).toBe(
      'slot 01  probe SIM000000001  anywhere\nslot 02  probe SIM000000002  anywhere\n',
    )
    const shown = await keyline('station', 'bind', '--show', '--json', ...home)
    expect(JSON.parse(shown.out)).toEqual({
      slots: [
        { slot: 1, probe: 'SIM000000001' },
        { slot: 2, probe: 'SIM000000002' },
      ],
    })
  })

  it('are not guessed from a file that does not bind them', async () => {
    await using folder = await temporaryFolder()
    const home = homeOf(folder.path)
    await keyline('station', 'bind', '--home', home)
    const twice = [
      { slot: 1, probe: 'A' },
      { slot: 1, probe: 'B' },
    ]
    for (const text of [
      '{',
      '{}',
      JSON.stringify({ format: 'keyline-slots/1', slots: twice }),
      JSON.stringify({ format: 'keyline-slots/2', slots: [] }),
    ]) {
      writeFileSync(join(home, 'slots.json'), text)
      const shown = await keyline('station', 'bind', '--show', '--home', home)
      expect(shown.code).toBe(2)
      expect(shown.out).toBe('')
    }
    expect(existsSync(join(home, 'slots.json'))).toBe(true)
  })
})
