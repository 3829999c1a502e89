import { encode } from 'fast-png'
import { MatterError } from '../errors.ts'
import { glyphHeight, isTextDark, textWidth } from './bitmap-digits.ts'
import { formatManualCode } from './manual-code.ts'
import { defaultQuietZone, qrModules, type QrLabelOptions } from './symbol.ts'

export interface QrPngOptions extends QrLabelOptions {
  /** Pixels of a module; 8 unless given. */
  readonly scale?: number | undefined
}

const defaultScale = 8
const largestScale = 100
const largestQuietZone = 100

/** White image of one bit a pixel, as PNG packs them: the left pixel is the highest bit. */
class Bitmap {
  readonly width: number
  readonly height: number
  readonly octets: Uint8Array
  readonly #stride: number

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.#stride = Math.ceil(width / 8)
    this.octets = new Uint8Array(this.#stride * height).fill(0xff)
  }

  darken(left: number, top: number, size: number): void {
    for (let y = top; y < top + size; y++) {
      for (let x = left; x < left + size; x++) {
        const index = y * this.#stride + (x >> 3)
        this.octets[index] = (this.octets[index] ?? 0) & ~(0x80 >> (x & 7))
      }
    }
  }
}

/**
 * A label as PNG, one bit a pixel: the symbol, its quiet zone, and the manual code below as large as it fits.
 * @throws MatterError `ONBOARDING_QR` as `qrModules`; `ONBOARDING_VALUE` for a scale that leaves no room for the manual code
 */
export function qrPng(text: string, options: QrPngOptions = {}): Uint8Array {
  const { manualCode, quietZone = defaultQuietZone, scale = defaultScale } = options
  requireWhole('the scale', scale, 1, largestScale)
  requireWhole('the quiet zone', quietZone, 0, largestQuietZone)
  const modules = qrModules(text, options)
  const width = (modules.length + 2 * quietZone) * scale
  const line = manualCode === undefined ? undefined : lineOf(manualCode, width)
  const bitmap = new Bitmap(width, width + (line === undefined ? 0 : line.height))
  for (const [row, columns] of modules.entries()) {
    for (const [column, isDark] of columns.entries()) {
      if (isDark) bitmap.darken((quietZone + column) * scale, (quietZone + row) * scale, scale)
    }
  }
  if (line !== undefined) drawLine(bitmap, line, width)
  const { octets: data, height } = bitmap
  return encode({ width, height, data, depth: 1, channels: 1 })
}

interface TextLine {
  readonly text: string
  readonly scale: number
  /** With one glyph's row of white below. */
  readonly height: number
}

function lineOf(manualCode: string, width: number): TextLine {
  const text = formatManualCode(manualCode)
  const needed = textWidth(text)
  const scale = Math.floor(width / (needed + 2))
  if (scale < 1) {
    const problem = `the label is ${width} pixels wide, its manual code needs ${needed + 2}: use a larger scale`
    throw new MatterError('ONBOARDING_VALUE', problem)
  }
  return { text, scale, height: (glyphHeight + 1) * scale }
}

function drawLine(bitmap: Bitmap, { text, scale }: TextLine, top: number): void {
  const width = textWidth(text)
  const left = Math.floor((bitmap.width - width * scale) / 2)
  for (let row = 0; row < glyphHeight; row++) {
    for (let column = 0; column < width; column++) {
      if (!isTextDark(text, row, column)) continue
      bitmap.darken(left + column * scale, top + row * scale, scale)
    }
  }
}

function requireWhole(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new MatterError('ONBOARDING_VALUE', `${what} is ${value}, not ${least} to ${most}`)
}
