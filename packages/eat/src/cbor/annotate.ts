import { EatError } from '../errors.ts'
import { cborExcerpt } from './diagnostic.ts'
import { MajorType } from './head.ts'
import { CborReader, decodeCbor, type CborLimits } from './reader.ts'

/** One item of a message as a person reads it. */
export interface CborLine {
  /** Of its first octet in the message. */
  readonly offset: number
  /** Arrays, maps and tags around it. */
  readonly depth: number
  /** `2394: -1`, `map of 10`, `tag 18`. */
  readonly text: string
}

export interface AnnotatedCbor {
  /** Every item up to the defect. */
  readonly lines: readonly CborLine[]
  /** Why the message is refused, if it is. */
  readonly defect: EatError | undefined
}

/** Shows a message item by item, as far as it can be read. */
export function annotateCbor(octets: Uint8Array, limits: CborLimits = {}): AnnotatedCbor {
  const lines: CborLine[] = []
  try {
    annotate(new CborReader(octets, limits), '', 0, lines)
    decodeCbor(octets, limits)
    return { lines, defect: undefined }
  } catch (error) {
    if (error instanceof EatError) return { lines, defect: error }
    throw error
  }
}

function annotate(reader: CborReader, key: string, depth: number, lines: CborLine[]): void {
  const { next, offset } = reader
  if (next === MajorType.array) {
    const count = reader.array()
    lines.push({ offset, depth, text: `${key}array of ${count}` })
    for (let index = 0; index < count; index++) annotate(reader, '', depth + 1, lines)
    reader.leave()
  } else if (next === MajorType.map) {
    const count = reader.map()
    lines.push({ offset, depth, text: `${key}map of ${count}` })
    for (let index = 0; index < count; index++) {
      annotate(reader, `${cborExcerpt(reader.value())}: `, depth + 1, lines)
    }
    reader.leave()
  } else if (next === MajorType.tag) {
    lines.push({ offset, depth, text: `${key}tag ${reader.tag()}` })
    annotate(reader, '', depth + 1, lines)
    reader.leave()
  } else {
    lines.push({ offset, depth, text: `${key}${cborExcerpt(reader.value())}` })
  }
}
