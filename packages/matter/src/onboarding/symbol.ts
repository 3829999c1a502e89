import { encode } from 'uqr'
import { MatterError } from '../errors.ts'
import { formatManualCode } from './manual-code.ts'

/** Share of a symbol that may be lost and is still read: 7, 15, 25 and 30 %. */
export const qrLevels = ['L', 'M', 'Q', 'H'] as const
export type QrLevel = (typeof qrLevels)[number]

/** Modules of white around the symbol, as the standard of QR codes demands. */
export const defaultQuietZone = 4
/** Characters that the largest symbol holds. */
const mostCharacters: Readonly<Record<QrLevel, number>> = { L: 4296, M: 3391, Q: 2420, H: 1852 }
/** Height of the text below the symbol, in modules. */
const textHeight = 3

export interface QrSymbolOptions {
  /** Level of error correction; `M` unless given. */
  readonly level?: QrLevel | undefined
}

export interface QrLabelOptions extends QrSymbolOptions {
  /** Digits of the manual pairing code; printed below, in groups. */
  readonly manualCode?: string | undefined
  /** Modules of white on each side; 4 unless given, which is the least that readers are made for. */
  readonly quietZone?: number | undefined
}

/**
 * The modules of the QR code, row by row, without the quiet zone; true is dark. Alphanumeric mode, so that at level M a label
 * of one payload without TLV is a version 2 symbol of 25 × 25 modules.
 * @throws MatterError `ONBOARDING_QR` when the text has a character outside the alphanumeric set, or too many
 */
export function qrModules(
  text: string,
  options: QrSymbolOptions = {},
): readonly (readonly boolean[])[] {
  // The library takes the densest mode that holds all characters; lower case would fall back to octets.
  if (!/^[0-9A-Z $%*+\-./:]*$/.test(text)) {
    throw new MatterError('ONBOARDING_QR', 'the text has a character outside the alphanumeric set')
  }
  const { level = 'M' } = options
  const most = mostCharacters[level]
  if (text.length > most) {
    const problem = `the text has ${text.length} characters, a symbol of level ${level} holds ${most}`
    throw new MatterError('ONBOARDING_QR', problem)
  }
  return encode(text, { ecc: level, boostEcc: false, border: 0 }).data
}

/** A label as SVG: one path of dark modules, the quiet zone around it, the manual code as text below. */
export function qrSvg(text: string, options: QrLabelOptions = {}): string {
  const modules = qrModules(text, options)
  const { manualCode, quietZone = defaultQuietZone } = options
  const width = modules.length + 2 * quietZone
  const height = width + (manualCode === undefined ? 0 : textHeight)
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" shape-rendering="crispEdges">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<path fill="#000" d="${darkPath(modules, quietZone)}"/>`,
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
export function qrTerminal(text: string, options: QrSymbolOptions = {}): string {
  const modules = qrModules(text, options)
  const quietZone = defaultQuietZone
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
function darkPath(modules: readonly (readonly boolean[])[], quietZone: number): string {
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
