/** What the firmware says outside of frames (provisioning-station section 6.3). */
export type Keyword =
  | { readonly kind: 'start'; readonly isPxp: boolean }
  | { readonly kind: 'finish'; readonly code: number }

const keyword = /Start_provisioning( PXP\/1)?|finish:(\d{3})/g
const longestKeyword = 'Start_provisioning PXP/1'.length
const shortestKeyword = 'finish:000'.length

/**
 * Finds keywords in text lines. The unfinished end of a stream is looked at too, because `finish:NNN`
 * may come without a line end; each keyword is told once, however the octets were cut.
 */
export class KeywordScanner {
  #toldOnLine = 0

  /** A complete line. */
  line(text: string): readonly Keyword[] {
    const found = scan(text).slice(this.#toldOnLine)
    this.#toldOnLine = 0
    return found.map(([, word]) => word)
  }

  /** The line that has not ended yet. A `Start_provisioning` waits for its suffix or the line end. */
  pending(text: string): readonly Keyword[] {
    const found = scan(text).filter(([end, word]) => isSettled(text, end, word))
    const fresh = found.slice(this.#toldOnLine)
    this.#toldOnLine = Math.max(this.#toldOnLine, found.length)
    return fresh.map(([, word]) => word)
  }
}

/** Frames hold no keywords, not even damaged or unfinished ones. */
function scan(text: string): readonly (readonly [number, Keyword])[] {
  if (text.length < shortestKeyword || text.startsWith('@')) return []
  return [...text.matchAll(keyword)].map((match) => {
    const end = match.index + match[0].length
    const code = match[2]
    const word: Keyword =
      code === undefined
        ? { kind: 'start', isPxp: match[1] !== undefined }
        : { kind: 'finish', code: Number(code) }
    return [end, word]
  })
}

function isSettled(text: string, end: number, word: Keyword): boolean {
  if (word.kind === 'finish' || word.isPxp) return true
  return text.length >= end - 'Start_provisioning'.length + longestKeyword
}
