/** Characters that take two cells of a terminal. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** Characters that take none: they join the one before them. */
const joining = /[\p{Mn}\p{Me}\p{Cf}]/u

/** Plain texts are most of what is shown. */
const ascii = /^[ -~]*$/

/** Cells of a terminal that a character takes. */
function cellsOf(character: string): number {
  if (joining.test(character)) return 0
  return wide.test(character) ? 2 : 1
}

/** What may be shown of a text from outside: no control character, which a terminal would obey. */
export function shownText(text: string): string {
  return ascii.test(text) ? text : text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
}

/** Cuts a text to so many cells; colour codes take none, and are all kept. */
export function clipToCells(text: string, cells: number): string {
  if (text.length <= cells && ascii.test(text)) return text
  let shown = ''
  let used = 0
  for (const part of text.split(/(\u001b\[\d+m)/)) {
    if (part.startsWith('\u001b[')) {
      shown += part
      continue
    }
    for (const character of part) {
      const width = cellsOf(character)
      if (used + width > cells) {
        used = cells
        break
      }
      shown += character
      used += width
    }
  }
  return shown
}

/** Fills a text up to so many cells, or cuts it. */
export function padToCells(text: string, cells: number): string {
  const cut = clipToCells(text, cells)
  if (ascii.test(cut)) return cut.padEnd(cells)
  const used = Array.from(cut).reduce((sum, character) => sum + cellsOf(character), 0)
  return cut + ' '.repeat(Math.max(0, cells - used))
}
