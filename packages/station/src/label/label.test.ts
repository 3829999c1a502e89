import * as fc from 'fast-check'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeUtf8 } from '@keyline/bytes'
import type { VerdictRecord } from '@keyline/ledger/records'
import { encodeImage, encodeManualCode, encodeQrPayload } from '@keyline/matter'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { readSymbol, type Modules } from '../../../../test/support/read-symbol.ts'
import { labelOfReadBack, labelRefusal, type LabelContent } from './label-content.ts'
import { writeLabelFiles, writeLabelSheet } from './label-files.ts'
import { labelPdf } from './label-pdf.ts'
import { labelSvg } from './label-svg.ts'
import { labelText, latinText } from './label-text.ts'

const label: LabelContent = {
  qr: 'MT:Y.K9042C00KA0648G00',
  manual: '34970112332',
  serialNumber: 'KL-000042',
  productName: 'Lamp',
  vendorName: 'Vendor',
}
const time = Date.UTC(2026, 5, 1)

/** Modules of the path of an SVG label: its runs are in units of one module. */
function modulesOfSvg(svg: string): Modules {
  const path = / d="([^"]+)"/.exec(svg)?.[1] ?? ''
  return modulesOf(
    [...path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)].map((run) => run.slice(1).map(Number)),
  )
}

/** Modules of a page of a PDF: its rectangles, measured by the smallest height of one. */
function modulesOfPdf(page: string): Modules {
  const runs = [...page.matchAll(/([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re/g)].map((run) =>
    run.slice(1).map(Number),
  )
  const unit = Math.min(...runs.map(([, , , height = 0]) => height))
  const [left, top] = [0, 1].map((axis) => Math.min(...runs.map((run) => run[axis] ?? 0)))
  return modulesOf(
    runs.map(([x = 0, y = 0, length = 0]) =>
      [x - (left ?? 0), y - (top ?? 0), length].map((value) => Math.round(value / unit)),
    ),
  )
}

function modulesOf(runs: readonly (readonly number[])[]): Modules {
  const size = Math.max(...runs.map(([column = 0, , length = 0]) => column + length))
  return Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (__, column) =>
      runs.some(
        ([from = 0, at, length = 0]) => at === row && column >= from && column < from + length,
      ),
    ),
  )
}

const pagesOf = (pdf: Uint8Array): readonly string[] =>
  [
    ...Buffer.from(pdf)
      .toString('latin1')
      .matchAll(/stream\n([^]*?)\nendstream/g),
  ]
    .map(([, stream = '']) => stream)
    .filter((stream) => stream.includes(' re'))

/** The texts that a page shows: hexadecimal strings between the brackets of TJ. */
const textsOf = (page: string): readonly string[] =>
  [...page.matchAll(/\[([^\]]*)\] TJ/g)].map(([, parts = '']) =>
    [...parts.matchAll(/<([0-9a-f]*)>/g)]
      .map(([, hex = '']) => Buffer.from(hex, 'hex').toString('latin1'))
      .join(''),
  )

describe('a label as SVG', () => {
  it('has a symbol that the standard reads as its code, and its texts', () => {
    const svg = labelSvg(label)
    expect(readSymbol(modulesOfSvg(svg)).text).toBe(label.qr)
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
    expect(texts).toEqual(['Lamp', 'Vendor', '3497-011-2332', 'S/N KL-000042'])
    expect(svg).toContain('width="60mm" height="30mm"')
  })

  it('shows what would be markup as text, and no control character (line, row 14)', () => {
    const svg = labelSvg({
      ...label,
      productName: '"><script>a&b</script>\u202e\u0000\n',
      vendorName: '^XA~',
    })
    expect(svg).toContain('&quot;&gt;&lt;script&gt;a&amp;b&lt;/script&gt;</text>')
    expect(svg).not.toMatch(/<script|\u202e|\u0000/)
    expect(svg.match(/<[a-z]+/g)).toEqual(['<svg', '<rect', '<path', ...Array(4).fill('<text')])
  })

  it('keeps each text within the label, however long it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (name) => {
        const svg = labelSvg({ ...label, productName: name, serialNumber: 'S'.repeat(32) })
        for (const [, x, size, text = ''] of svg.matchAll(
          /<text x="([\d.]+)"[^>]*font-size="([\d.]+)"[^>]*>([^<]*)</g,
        )) {
          const shown = text.replaceAll(/&[a-z#0-9]+;/g, '_')
          expect(Number(x) + Array.from(shown).length * 0.6 * Number(size)).toBeLessThanOrEqual(60)
        }
      }),
    )
  })
})

describe('a label as PDF', () => {
  it('has a symbol that the standard reads as its code, and its texts', async () => {
    const pdf = await labelPdf([label], { title: 'KL', time })
    expect(decodeUtf8(pdf.subarray(0, 5))).toBe('%PDF-')
    expect(Buffer.from(pdf).toString('latin1').trimEnd()).toMatch(/%%EOF$/)
    const [page = '', ...more] = pagesOf(pdf)
    expect(more).toEqual([])
    expect(readSymbol(modulesOfPdf(page)).text).toBe(label.qr)
    expect(textsOf(page)).toEqual(['Lamp', 'Vendor', '3497-011-2332', 'S/N KL-000042'])
  })

  it('has a page for each label, and is the same for the same labels', async () => {
    const labels = ['A', 'B', 'C'].map((serialNumber) => ({ ...label, serialNumber }))
    const pdf = await labelPdf(labels, { title: 'order', time })
    expect(pagesOf(pdf).map((page) => textsOf(page).at(-1))).toEqual(['S/N A', 'S/N B', 'S/N C'])
    expect(await labelPdf(labels, { title: 'order', time })).toEqual(pdf)
  })

  it('is as large as the label', async () => {
    const pdf = Buffer.from(await labelPdf([label], { title: 'KL', time })).toString('latin1')
    const [, width, height] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(pdf) ?? []
    expect(Number(width) / 72).toBeCloseTo(60 / 25.4, 3)
    expect(Number(height) / 72).toBeCloseTo(30 / 25.4, 3)
  })

  it('keeps what would end a string inside of it', async () => {
    const vendorName = ') Tj ET <</S/JavaScript>> (\\'
    const pdf = await labelPdf([{ ...label, vendorName, productName: '灯 é' }], {
      title: '(x',
      time,
    })
    expect(textsOf(pagesOf(pdf)[0] ?? '').slice(0, 2)).toEqual(['? é', vendorName])
    expect(Buffer.from(pdf).toString('latin1')).not.toContain('/JavaScript')
  })

  it('of no unit is refused', async () => {
    await expect(labelPdf([], { title: '', time })).rejects.toMatchObject({ code: 'STATION_LABEL' })
  })
})

describe('a text of a label', () => {
  it.each([
    ['a\u0000b\u001b[2Jc', 'ab[2Jc'],
    ['\u202eevil\u2066', 'evil'],
    ['  line\r\nline\u2028 ', 'lineline'],
    ['e\u0301', 'é'],
    ['x'.repeat(80), `${'x'.repeat(63)}…`],
    ['💡'.repeat(64), '💡'.repeat(64)],
  ])('%j is shown as %j', (text, shown) => {
    expect(labelText(text)).toBe(shown)
  })

  it('has a mark for what the fonts of PDF lack', () => {
    expect(latinText('Größe 灯…')).toBe('Größe ?...')
  })
})

describe('a label of a read-back', () => {
  const product = {
    vendorId: 0xfff1,
    productId: 0x8004,
    vendorName: 'Vendor',
    productName: 'Lamp',
    hardwareVersion: 1,
    hardwareVersionString: 'A',
  }
  const commissioning = {
    iterations: 1000,
    flow: 0,
    discovery: ['ble' as const],
    storePasscode: true,
  }
  const order = { product, commissioning }
  const stored = { ...product, serialNumber: 'KL-000042', discriminator: 0xabc }
  const fields = {
    vendorId: 0xfff1,
    productId: 0x8004,
    flow: 0,
    discovery: 2,
    discriminator: 0xabc,
  }

  it('shows the codes of what the board holds, not of what the order says', () => {
    const readBack = encodeImage({ ...stored, passcode: 20202021 })
    expect(labelOfReadBack({ readBack, order, passcode: 1 })).toEqual({
      qr: encodeQrPayload({ ...fields, passcode: 20202021 }),
      manual: encodeManualCode({ ...fields, passcode: 20202021 }),
      serialNumber: 'KL-000042',
      productName: 'Lamp',
      vendorName: 'Vendor',
    })
  })

  it('takes the passcode of the unit where the device does not store it', () => {
    const content = labelOfReadBack({ readBack: encodeImage(stored), order, passcode: 20202021 })
    expect(content.qr).toBe(encodeQrPayload({ ...fields, passcode: 20202021 }))
  })

  it.each([
    ['erased flash', new Uint8Array(64).fill(0xff)],
    ['nothing', new Uint8Array()],
    ['a set without serial number', encodeImage({ ...product, discriminator: 1 })],
  ])('of %s is refused', (_, readBack) => {
    expect(() => labelOfReadBack({ readBack, order, passcode: 20202021 })).toThrow(
      expect.objectContaining({ code: 'STATION_LABEL' }),
    )
  })

  it('with a passcode that no code may have is refused', () => {
    const readBack = encodeImage({ ...stored, passcode: 11111111 })
    expect(() => labelOfReadBack({ readBack, order, passcode: 1 })).toThrow(
      expect.objectContaining({ code: 'STATION_LABEL' }),
    )
  })
})

describe('a unit', () => {
  const pass: VerdictRecord = {
    verdict: 'PASS',
    reason: 'complete',
    message: '',
    remedy: '',
    evidence: [{ kind: 'payload', ok: true, facts: { recomputed: true } }],
  }

  it('that has proven all of it may have a label', () => {
    expect(labelRefusal(pass)).toBeUndefined()
  })

  it.each([
    ['without verdict', undefined, 'no verdict'],
    ['in quarantine', { ...pass, verdict: 'QUARANTINE' as const, reason: 'X' }, 'QUARANTINE X'],
    ['that failed', { ...pass, verdict: 'FAIL' as const, reason: 'Y' }, 'FAIL Y'],
    ['whose code was never read back', { ...pass, evidence: [] }, 'read-back'],
    [
      'whose key is unproven',
      {
        ...pass,
        evidence: [...pass.evidence, { kind: 'key' as const, ok: true, facts: { unproven: true } }],
      },
      'key unproven',
    ],
  ])('%s has none', (_, verdict, why) => {
    expect(labelRefusal(verdict)).toContain(why)
  })
})

describe('label files', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyline-labels-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('are readable by their owner alone, and lie in their folder whatever the serial number says', async () => {
    const options = { folder: join(folder, 'out'), formats: ['svg', 'pdf'] as const, time }
    const paths = await writeLabelFiles({ ...label, serialNumber: '../../x/y' }, options)
    expect(paths).toEqual(
      ['svg', 'pdf'].map((format) => join(folder, 'out', `.._.._x_y.${format}`)),
    )
    for (const path of paths) expect(statSync(path).mode & 0o077).toBe(0)
    expect(readdirSync(folder)).toEqual(['out'])
  })

  it('are written whole or not at all (LBL-1)', async () => {
    const options = { folder, formats: ['svg'] as const, time }
    await writeLabelFiles(label, options)
    const before = readFileSync(join(folder, 'KL-000042.svg'), 'utf8')
    mkdirSync(join(folder, 'KL-000042.svg.part'))
    await expect(writeLabelFiles({ ...label, productName: 'New' }, options)).rejects.toMatchObject({
      code: 'STATION_RESULTS',
    })
    expect(readFileSync(join(folder, 'KL-000042.svg'), 'utf8')).toBe(before)
    const path = join(folder, 'sheet.pdf')
    await expect(writeLabelSheet([], { path, title: '', time })).rejects.toMatchObject({
      code: 'STATION_LABEL',
    })
    expect(existsSync(path)).toBe(false)
  })
})
