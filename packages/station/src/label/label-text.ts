/** Longest text of a label, in characters; what is longer is cut. */
const mostCharacters = 64

/**
 * A text from outside as a label may show it: no control or format characters, which a printer or a reader would obey,
 * and no line of its own. Source: line, section 2, row 14.
 */
export function labelText(text: string): string {
  const plain = text
    .normalize('NFC')
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .trim()
  const characters = Array.from(plain)
  if (characters.length <= mostCharacters) return plain
  return `${characters.slice(0, mostCharacters - 1).join('')}…`
}

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' } as const

/** A label text inside an element or attribute of XML. */
export function xmlText(text: string): string {
  return text.replaceAll(
    /[&<>"']/g,
    (character) => new Map(Object.entries(entities)).get(character) ?? '',
  )
}

/** A label text in the characters that the built-in fonts of PDF have; others become `?`. */
export function latinText(text: string): string {
  return text.replaceAll('…', '...').replaceAll(/[^\u0020-\u007e\u00a0-\u00ff]/gu, '?')
}
