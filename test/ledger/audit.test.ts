import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditLines, verifyAuditExport, type AuditHead, type AuditReport } from '@keyline/ledger'
import { scaled } from '../support/scale.ts'
import { chainOf, hashOf, type Line } from './support/chain.ts'
import { databaseKinds, openAt } from './support/databases.ts'
import { sampleOrder, Samples, verdict } from './support/sample.ts'

/** Promise P7: an exported audit log with one change of any kind, anywhere, is found. */
describe('an exported audit log', () => {
  const databases = databaseKinds[0].create()
  let texts: readonly string[] = []
  let lines: readonly Line[] = []
  let head: AuditHead = { seq: 0, hash: '' }

  beforeAll(async () => {
    await databases.start()
    const samples = new Samples('audit')
    await using ledger = await openAt(await databases.fresh())
    await ledger.createOrder(sampleOrder())
    for (let count = 0; count < 2; count++) {
      const reserved = await ledger.reserve('order-1', samples.draw)
      const unit = reserved?.unit.id ?? ''
      await ledger.bind(unit, samples.boardUid())
      await ledger.record(samples.entry(unit))
      await ledger.decide(unit, verdict('PASS'))
    }
    const collected: string[] = []
    head = await ledger.exportAudit((line) => void collected.push(line))
    texts = collected
    lines = collected.map((text): Line => JSON.parse(text))
  })
  afterAll(() => databases.stop())

  const hashBefore = (index: number): string =>
    index === 0 ? '0'.repeat(64) : String(lines[index - 1]?.['hash'])

  it('is the chain of the specification', () => {
    expect(lines).toHaveLength(9)
    let previous = '0'.repeat(64)
    for (const [index, line] of lines.entries()) {
      expect(line['seq']).toBe(index + 1)
      previous = hashOf(previous, line)
      expect(line['hash']).toBe(previous)
    }
    expect(head).toEqual({ seq: 9, hash: previous })
  })

  it('is whole, and says whether its end was checked', async () => {
    expect(await check(lines)).toMatchObject({ findings: [], anchoredTo: 0 })
    expect(await check(lines, [head])).toMatchObject({ findings: [], anchoredTo: 9 })
    expect(await check([])).toMatchObject({ lines: 0, findings: [], anchoredTo: 0 })
  })

  it('is whole in another spelling of the same records', async () => {
    const respelled = lines.map((line) =>
      JSON.stringify(
        Object.fromEntries(Object.entries(line).toReversed()),
        undefined,
        1,
      ).replaceAll('\n', ' '),
    )
    expect(await checkTexts(respelled, [head])).toMatchObject({ findings: [], anchoredTo: 9 })
  })

  it('with any member of any record changed names that record', async () => {
    for (const [index, line] of lines.entries()) {
      for (const changed of changesOf(line)) {
        const report = await check(lines.with(index, changed))
        expect(report.findings, JSON.stringify(changed)).toMatchObject([
          { field: `seq ${index + 1}` },
        ])
        expect(report.consistentTo.seq).toBe(index)
      }
    }
  })

  it('with a changed record and its hash made to fit names the next record', async () => {
    for (const [index, line] of lines.slice(0, -1).entries()) {
      const forged = { ...line, actor: 'nobody' }
      const previous = hashBefore(index)
      const fitted = { ...forged, hash: hashOf(previous, forged) }
      const report = await check(lines.with(index, fitted))
      expect(report.findings).toMatchObject([{ rule: 'AUD-003', field: `seq ${index + 2}` }])
    }
  })

  it('with a record removed names the first wrong place', async () => {
    for (let index = 0; index < lines.length - 1; index++) {
      const report = await check(lines.toSpliced(index, 1))
      expect(report.findings).toMatchObject([{ rule: 'AUD-002', field: `seq ${index + 1}` }])
    }
  })

  it('with two records swapped names the first of them', async () => {
    for (let a = 0; a < lines.length; a++) {
      for (let b = a + 1; b < lines.length; b++) {
        const swapped = lines.with(a, lines[b] ?? {}).with(b, lines[a] ?? {})
        const report = await check(swapped)
        expect(report.findings).toMatchObject([{ rule: 'AUD-002', field: `seq ${a + 1}` }])
      }
    }
  })

  it('with a record inserted names its place, whatever number it has', async () => {
    for (let place = 0; place <= lines.length; place++) {
      const previous = hashBefore(place)
      const copy = lines[Math.min(place, lines.length - 1)] ?? {}
      const forged = { ...copy, seq: place + 1, actor: 'nobody' }
      const fitted = { ...forged, hash: hashOf(previous, forged) }
      const twice = await check(lines.toSpliced(place, 0, lines[place - 1] ?? lines[1] ?? {}))
      expect(twice.findings).toMatchObject([{ field: `seq ${place + 1}` }])
      if (place === lines.length) continue
      const report = await check(lines.toSpliced(place, 0, fitted))
      expect(report.findings).toMatchObject([{ field: `seq ${place + 2}` }])
    }
  })

  it('cut off at the end is found against a head, and called unchecked without one', async () => {
    for (let length = 0; length < lines.length; length++) {
      const cut = lines.slice(0, length)
      expect(await check(cut)).toMatchObject({ findings: [], anchoredTo: 0 })
      const against = await check(cut, [head])
      expect(against.findings).toMatchObject([
        { rule: 'AUD-004', message: `export ends at ${length}, head says 9` },
      ])
    }
  })

  it('rewritten from some record on is found against a head at or behind it', async () => {
    for (let from = 0; from < lines.length; from++) {
      const forged = lines.map((line, index) =>
        index < from ? line : { ...line, actor: 'nobody' },
      )
      const rewritten = chainOf(forged)
      expect(await check(rewritten)).toMatchObject({ findings: [], anchoredTo: 0 })
      for (const [index, line] of lines.entries()) {
        const report = await check(rewritten, [{ seq: index + 1, hash: String(line['hash']) }])
        const expected = index < from ? [] : [{ rule: 'AUD-005', field: `seq ${index + 1}` }]
        expect(report.findings).toMatchObject(expected)
        expect(report.anchoredTo).toBe(index < from ? index + 1 : 0)
      }
    }
  })

  it('takes several heads and tells each that does not fit', async () => {
    const early = { seq: 3, hash: String(lines[2]?.['hash']) }
    const report = await check(lines.slice(0, 5), [head, early, { seq: 4, hash: 'f'.repeat(64) }])
    expect(report.findings).toMatchObject([{ rule: 'AUD-005' }, { rule: 'AUD-004' }])
    expect(report.anchoredTo).toBe(3)
  })

  it('with one octet changed anywhere is found', async () => {
    const octets = new TextEncoder().encode(`${texts.join('\n')}\n`)
    const bits = scaled(1, 8)
    for (let place = 0; place < octets.length; place++) {
      for (let bit = 0; bit < bits; bit++) {
        const mask = 1 << (bits === 1 ? place % 8 : bit)
        const flipped = octets.with(place, (octets[place] ?? 0) ^ mask)
        const report = await verifyAuditExport(auditLines([flipped]), [head])
        expect(report.findings, `octet ${place}, mask ${mask}`).not.toEqual([])
      }
    }
  })

  it('refuses lines that are no records', async () => {
    const [text = ''] = texts
    const bad = [
      '',
      '[]',
      '{}',
      text.replace('{', '{"seq":1,'),
      text.replace('{', '{"more":1,'),
      text.slice(0, -1),
      `${text} x`,
      'x'.repeat(70_000),
    ]
    for (const line of bad) {
      const report = await checkTexts([line])
      expect(report.findings, line.slice(0, 80)).toMatchObject([
        { rule: 'AUD-001', field: 'seq 1' },
      ])
    }
  })
})

function check(lines: readonly Line[], heads: readonly AuditHead[] = []): Promise<AuditReport> {
  return checkTexts(
    lines.map((line) => JSON.stringify(line)),
    heads,
  )
}

function checkTexts(
  texts: readonly string[],
  heads: readonly AuditHead[] = [],
): Promise<AuditReport> {
  return verifyAuditExport(texts, heads)
}

/** Every member changed once, at every depth, and every member left out. */
function changesOf(line: Line): readonly Line[] {
  return Object.entries(line).flatMap(([name, value]): Line[] => {
    const { [name]: _, ...without } = line
    const changes =
      typeof value === 'object' && value !== null
        ? changesOf({ ...value }).map((inner) => ({ ...line, [name]: inner }))
        : [{ ...line, [name]: changed(value) }]
    return [...changes, without]
  })
}

function changed(value: unknown): unknown {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  const text = String(value)
  return /^[0-9a-f]/.test(text) ? (text.startsWith('0') ? '1' : '0') + text.slice(1) : `${text}x`
}
