import { concat } from '@keyline/bytes'
import type PDFDocument from 'pdfkit'
import { StationError } from '../errors.ts'
import type { LabelContent } from './label-content.ts'
import { darkRuns, drawLabel, type LabelDrawing } from './label-drawing.ts'
import { latinText } from './label-text.ts'

/** Points of a millimetre. */
const points = 72 / 25.4

export interface LabelSheetOptions {
  readonly title: string
  /** Date in the document, milliseconds since 1970. */
  readonly time: number
}

/**
 * Labels as PDF, one a page of its size, for a printer of labels. Fonts are the built-in ones of PDF: a character that
 * they lack becomes `?`.
 * @throws StationError `STATION_LABEL` when there is no label, or pdfkit cannot be loaded
 */
export async function labelPdf(
  labels: readonly LabelContent[],
  { title, time }: LabelSheetOptions,
): Promise<Uint8Array> {
  const drawings = labels.map(drawLabel)
  const [first, ...others] = drawings
  if (first === undefined) throw new StationError('STATION_LABEL', 'there is no label to print')
  const Document = await loadPdfkit()
  const document = new Document({
    size: sizeOf(first),
    margin: 0,
    compress: false,
    info: { Title: latinText(title), CreationDate: new Date(time) },
  })
  draw(document, first)
  for (const drawing of others) {
    document.addPage({ size: sizeOf(drawing), margin: 0 })
    draw(document, drawing)
  }
  document.end()
  const pieces: Uint8Array[] = []
  for await (const piece of document) pieces.push(piece)
  return concat(...pieces)
}

function draw(document: PDFDocument, { symbol, texts }: LabelDrawing): void {
  const module = (symbol.sizeMm / symbol.modules.length) * points
  const [x, y] = [symbol.xMm * points, symbol.yMm * points]
  for (const { column, row, length } of darkRuns(symbol.modules)) {
    document.rect(x + column * module, y + row * module, length * module, module)
  }
  document.fill('#000000')
  for (const { xMm, yMm, sizeMm, isMono, text } of texts) {
    document
      .font(isMono ? 'Courier' : 'Helvetica')
      .fontSize(sizeMm * points)
      .text(latinText(text), xMm * points, yMm * points, {
        lineBreak: false,
        baseline: 'alphabetic',
        features: [],
      })
  }
}

function sizeOf({ widthMm, heightMm }: LabelDrawing): readonly [number, number] {
  return [widthMm * points, heightMm * points]
}

/** The library, which is loaded at its first use. @throws StationError `STATION_LABEL` */
export async function loadPdfkit(): Promise<typeof PDFDocument> {
  try {
    return (await import('pdfkit')).default
  } catch (cause) {
    throw new StationError('STATION_LABEL', 'pdfkit cannot be loaded', {
      cause,
      remedy: 'install the dependencies of the station again, or print the SVG files',
    })
  }
}
