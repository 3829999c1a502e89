export const alphanumeric = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'

/** Rows of a QR symbol, true is dark. */
export type Modules = readonly (readonly boolean[])[]

export const isSet = (rows: Modules, row: number, column: number): boolean =>
  rows[row]?.[column] ?? false

/** Masks of the standard by number, true where a module is turned over. */
const masks: readonly ((row: number, column: number) => boolean)[] = [
  (i, j) => (i + j) % 2 === 0,
  (i) => i % 2 === 0,
  (_, j) => j % 3 === 0,
  (i, j) => (i + j) % 3 === 0,
  (i, j) => (Math.floor(i / 2) + Math.floor(j / 3)) % 2 === 0,
  (i, j) => ((i * j) % 2) + ((i * j) % 3) === 0,
  (i, j) => (((i * j) % 2) + ((i * j) % 3)) % 2 === 0,
  (i, j) => (((i + j) % 2) + ((i * j) % 3)) % 2 === 0,
]

/** Reads a symbol of version 1 or 2 with the standard at hand: one block, so the data come first and in order. */
export function readSymbol(modules: Modules): {
  readonly level: string
  readonly mode: number
  readonly text: string
} {
  const size = modules.length
  const isDark = (row: number, column: number): boolean => isSet(modules, row, column)
  const isFunction = (row: number, column: number): boolean =>
    (row < 9 && (column < 9 || column >= size - 8)) ||
    (row >= size - 8 && column < 9) ||
    row === 6 ||
    column === 6 ||
    (size === 25 && row >= 16 && row <= 20 && column >= 16 && column <= 20)
  const format = [0, 1, 2, 3, 4].map((column) => (isDark(8, column) ? 1 : 0))
  const turned = format.map((bit, place) => bit ^ ([1, 0, 1, 0, 1][place] ?? 0))
  const number = turned.reduce<number>((sum, bit) => sum * 2 + bit, 0)
  const mask = masks[number & 7] ?? (() => false)
  const bits: number[] = []
  let isUpwards = true
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right--
    for (let step = 0; step < size; step++) {
      const row = isUpwards ? size - 1 - step : step
      for (const column of [right, right - 1]) {
        if (!isFunction(row, column)) bits.push(isDark(row, column) !== mask(row, column) ? 1 : 0)
      }
    }
    isUpwards = !isUpwards
  }
  let at = 0
  const take = (count: number): number =>
    bits.slice(at, (at += count)).reduce((sum, bit) => sum * 2 + bit, 0)
  const mode = take(4)
  const length = take(9)
  let text = ''
  while (text.length + 1 < length) {
    const pair = take(11)
    text += alphanumeric.charAt(Math.floor(pair / 45)) + alphanumeric.charAt(pair % 45)
  }
  if (text.length < length) text += alphanumeric.charAt(take(6))
  return { level: ['M', 'L', 'H', 'Q'][number >> 3] ?? '', mode, text }
}
