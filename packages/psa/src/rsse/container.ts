import { ByteWriter, concat } from '@keyline/bytes'
import { stm32Crc } from './check-word.ts'

/** Where the fields of a container stand (section 6.2). */
const offsets = { size: 0x04, iv: 0x08, attributes: 0x28, checkWord: 0x4c, key: 0x50 } as const

/** As the published sample has it; its meaning is not public. */
const headerWord = Uint8Array.of(0x06, 0x00, 0x01, 0xfe)
const keyKindOf = { FU: 1, LU: 2 } as const
const filler = 0xfe

/** Octets of a container with a wrapped key of this length. */
export function containerLength(keyLength: number): number {
  return offsets.key + keyLength
}

export interface ContainerInput {
  readonly keyKind: keyof typeof keyKindOf
  /** 16 octets, as in the key buffer. */
  readonly iv: Uint8Array
  readonly tag: Uint8Array
  readonly wrappedKey: Uint8Array
}

/** The file that RSSe-KW exports: the three parts of a key buffer, with a check word against accidents. */
export function encodeContainer(input: ContainerInput): Uint8Array<ArrayBuffer> {
  const attributes = new Uint8Array(offsets.checkWord - offsets.attributes).fill(filler)
  attributes[0] = keyKindOf[input.keyKind]
  attributes.set([0x01, 0x07, 0x00, 0x00], 4)
  const container = new ByteWriter(containerLength(input.wrappedKey.length))
    .octets(headerWord)
    .u32le(input.wrappedKey.length)
    .octets(input.iv)
    .octets(input.tag)
    .octets(attributes)
    .u32le(0)
    .octets(input.wrappedKey)
    .finish()
  new DataView(container.buffer).setUint32(offsets.checkWord, checkWordOf(container), true)
  return container
}

/** The key buffer in a container: IV, tag, wrapped key, as they stand. */
export function keyBufferIn(container: Uint8Array, keyLength: number): Uint8Array<ArrayBuffer> {
  return concat(
    container.subarray(offsets.iv, offsets.attributes),
    container.subarray(offsets.key, containerLength(keyLength)),
  )
}

/** Length, size field and check word (decision D8); the header word and the attributes are not looked at. */
export function isSoundContainer(container: Uint8Array, keyLength: number): boolean {
  if (container.length !== containerLength(keyLength)) return false
  const view = new DataView(container.buffer, container.byteOffset)
  return (
    view.getUint32(offsets.size, true) === keyLength &&
    view.getUint32(offsets.checkWord, true) === checkWordOf(container)
  )
}

/** Over all words but the check word itself. */
function checkWordOf(container: Uint8Array): number {
  const view = new DataView(container.buffer, container.byteOffset, container.length)
  const words: number[] = []
  for (let offset = 0; offset + 4 <= container.length; offset += 4) {
    if (offset !== offsets.checkWord) words.push(view.getUint32(offset, true))
  }
  return stm32Crc(words)
}
