import { formatManualCode, qrModules } from '@keyline/matter'
import type { LabelContent } from './label-content.ts'
import { labelText } from './label-text.ts'

/** A label as a list of things to draw. Lengths are millimetres from the upper left corner. */
export interface LabelDrawing {
  readonly widthMm: number
  readonly heightMm: number
  readonly symbol: {
    readonly xMm: number
    readonly yMm: number
    /** Without the quiet zone, which is white around it. */
    readonly sizeMm: number
    /** Row by row; true is dark. */
    readonly modules: readonly (readonly boolean[])[]
  }
  readonly texts: readonly LabelLine[]
}

export interface LabelLine {
  readonly xMm: number
  /** Of the base line. */
  readonly yMm: number
  /** Height of the font. */
  readonly sizeMm: number
  readonly isMono: boolean
  readonly text: string
}

const widthMm = 60
const heightMm = 30
const edgeMm = 1.5

/** Modules of white that readers need around the symbol. */
const quietModules = 4

/** The widest character of the fonts that are used, as a share of their height. */
const widthOfHeight = 0.62

/** Lines beside the symbol: the largest height of each, and the base line. */
const lines = {
  product: { yMm: 6, sizeMm: 3.2, isMono: false },
  vendor: { yMm: 10.2, sizeMm: 2.4, isMono: false },
  manual: { yMm: 18, sizeMm: 3.6, isMono: true },
  serial: { yMm: 26.5, sizeMm: 2.6, isMono: true },
} as const

/** Lays a label out: the symbol on the left, names, manual code and serial number beside it. */
export function drawLabel(content: LabelContent): LabelDrawing {
  const modules = qrModules(content.qr)
  const moduleMm = (heightMm - 2 * edgeMm) / (modules.length + 2 * quietModules)
  const offset = edgeMm + quietModules * moduleMm
  const xMm = heightMm + edgeMm
  const room = widthMm - xMm - edgeMm
  const line = (place: (typeof lines)[keyof typeof lines], text: string): LabelLine => {
    const plain = labelText(text)
    const fitting = room / (widthOfHeight * Math.max(1, Array.from(plain).length))
    return { ...place, xMm, text: plain, sizeMm: Math.min(place.sizeMm, fitting) }
  }
  return {
    widthMm,
    heightMm,
    symbol: { xMm: offset, yMm: offset, sizeMm: moduleMm * modules.length, modules },
    texts: [
      line(lines.product, content.productName),
      line(lines.vendor, content.vendorName),
      line(lines.manual, formatManualCode(content.manual)),
      line(lines.serial, `S/N ${content.serialNumber}`),
    ],
  }
}

/** Runs of dark modules as rectangles in units of one module: column, row and length. */
export function* darkRuns(
  modules: readonly (readonly boolean[])[],
): Generator<{ readonly column: number; readonly row: number; readonly length: number }> {
  for (const [row, columns] of modules.entries()) {
    for (let start = columns.indexOf(true); start >= 0;) {
      const next = columns.indexOf(false, start)
      const end = next < 0 ? columns.length : next
      yield { column: start, row, length: end - start }
      start = columns.indexOf(true, end)
    }
  }
}
