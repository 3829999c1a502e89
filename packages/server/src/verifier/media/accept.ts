import { ServerError } from '../../errors.ts'

/** One range of the header Accept (RFC 9110 section 12.5.1). */
interface MediaRange {
  readonly range: string
  readonly isRefused: boolean
}

/**
 * Whether the header Accept allows a media type that has no parameters. No header, or an empty one, allows everything;
 * the most telling range decides.
 */
export function accepts(accept: string | undefined, type: string): boolean {
  if (accept === undefined || accept === type || accept === '*/*') return true
  if (accept.trim() === '') return true
  const ranges = itemsOf(accept).map(readRange)
  const [main = ''] = type.split('/')
  for (const wanted of [type, `${main}/*`, '*/*']) {
    const found = ranges.filter(({ range }) => range === wanted)
    if (found.length > 0) return found.some(({ isRefused }) => !isRefused)
  }
  return false
}

/** @throws ServerError `SERVER_NOT_ACCEPTABLE`, in the words of the reference service */
export function requireAccept(accept: string | undefined, type: string): void {
  if (accepts(accept, type)) return
  throw new ServerError('SERVER_NOT_ACCEPTABLE', `the only supported output format is ${type}`)
}

/** The items of a list, in one pass: a comma between quotes separates nothing. */
function itemsOf(list: string): readonly string[] {
  const items: string[] = []
  let start = 0
  let isQuoted = false
  for (let at = 0; at < list.length; at += 1) {
    const character = list[at]
    if (character === '"') isQuoted = !isQuoted
    else if (character === '\\' && isQuoted) at += 1
    else if (character === ',' && !isQuoted) {
      items.push(list.slice(start, at))
      start = at + 1
    }
  }
  items.push(list.slice(start))
  return items
}

function readRange(text: string): MediaRange {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const isRefused = parameters.some((parameter) => /^q=0(?:\.0{0,3})?$/.test(parameter))
  return { range, isRefused }
}
