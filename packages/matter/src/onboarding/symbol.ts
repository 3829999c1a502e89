import { encode } from 'uqr'
import { MatterError } from '../errors.ts'
import { formatManualCode } from './manual-code.ts'

/** Modules of white around the symbol. */
const quietZone = 4
/** Height of the text below the symbol, in modules. */
const textHeight = 3

export interface QrSvgOptions {
  /** Digits of the manual pairing code; printed below, in groups. */
  readonly manualCode?: string | undefined
}

/**
 * The modules of the QR code, row by row, without the quiet zone; true is dark. Level M in alphanumeric mode:
 * a label of one payload without TLV is a version 2 symbol of 25 × 25 modules.
 * @throws MatterError `ONBOARDING_QR` when the text has a character outside the alphanumeric set
 */
export function qrModules(text: string): readonly (readonly boolean[])[] {
  // The library takes the densest mode that holds all characters; lower case would fall back to octets.
  if (!/^[0-9A-Z $%*+\-./:]*$/.test(text)) {
    throw new MatterError('ONBOARDING_QR', 'the text has a character outside the alphanumeric set')
  }
  return encode(text, { ecc: 'M', boostEcc: false, border: 0 }).data
}

/** A label as SVG: one path of dark modules, quiet zone of 4, the manual code as text below. */
export function qrSvg(text: string, options: QrSvgOptions = {}): string {
  const modules = qrModules(text)
  const width = modules.length + 2 * quietZone
  const { manualCode } = options
  const height = width + (manualCode === undefined ? 0 : textHeight)
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" shape-rendering="crispEdges">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<path fill="#000" d="${darkPath(modules)}"/>`,
  ]
  if (manualCode !== undefined) {
    const code = formatManualCode(manualCode)
    const size = code.length > 13 ? 2 : 3
    const attributes = `x="${width / 2}" y="${width + 1}" font-family="monospace" font-size="${size}"`
    lines.push(`<text ${attributes} text-anchor="middle" fill="#000">${code}</text>`)
  }
  return `${lines.join('\n')}\n</svg>\n`
}

/** The code for a terminal, two rows of modules a line; dark modules are blank, for light-on-dark screens. */
export function qrTerminal(text: string): string {
  const modules = qrModules(text)
  const size = modules.length
  const isLight = (row: number, column: number): boolean => modules[row]?.[column] !== true
  const lines: string[] = []
  for (let row = -quietZone; row < size + quietZone; row += 2) {
    let line = ''
    for (let column = -quietZone; column < size + quietZone; column++) {
      const upper = isLight(row, column)
      const lower = isLight(row + 1, column)
      line += upper ? (lower ? '█' : '▀') : lower ? '▄' : ' '
    }
    lines.push(line)
  }
  return `${lines.join('\n')}\n`
}

/** Runs of dark modules as rectangles, row by row. */
function darkPath(modules: readonly (readonly boolean[])[]): string {
  const parts: string[] = []
  for (const [row, columns] of modules.entries()) {
    for (let start = columns.indexOf(true); start >= 0;) {
      const next = columns.indexOf(false, start)
      const end = next < 0 ? columns.length : next
      parts.push(`M${start + quietZone} ${row + quietZone}h${end - start}v1h-${end - start}z`)
      start = columns.indexOf(true, end)
    }
  }
  return parts.join('')
}
