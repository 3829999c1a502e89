import { CborReader, type CborLimits } from './reader.ts'
import { MajorType } from './head.ts'

/** From the outermost item inwards: keys of maps, indexes of arrays; tags are passed through. */
export type CborPath = ReadonlyArray<string | number>

/**
 * Offset in the message of the item at a path of a message that decodes; nothing when there is none. Decoded values
 * carry no offsets, since they are asked for only when something is wrong: then the message is walked once more.
 */
export function locateCbor(
  octets: Uint8Array,
  path: CborPath,
  limits: CborLimits = {},
): number | undefined {
  const reader = new CborReader(octets, limits)
  for (const step of path) {
    while (reader.next === MajorType.tag) reader.tag()
    if (!enter(reader, step)) return undefined
  }
  return reader.offset
}

/** Goes to the item of this key or index. */
function enter(reader: CborReader, step: string | number): boolean {
  if (reader.next === MajorType.array)
    return skip(reader.array(), reader, (index) => index === step)
  if (reader.next !== MajorType.map) return false
  return skip(reader.map(), reader, () => reader.value() === step)
}

function skip(count: number, reader: CborReader, isWanted: (index: number) => boolean): boolean {
  for (let index = 0; index < count; index++) {
    if (isWanted(index)) return true
    reader.value()
  }
  return false
}
