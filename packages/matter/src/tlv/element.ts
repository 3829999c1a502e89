/**
 * Tag of a common, implicit or fully qualified profile. `number` 0 … 2^32 − 1.
 * `width` 4 asks for four octets where two would do.
 */
export interface ProfileTag {
  readonly profile: 'common' | 'implicit' | { readonly vendorId: number; readonly number: number }
  readonly number: number
  readonly width?: 4 | undefined
}

/** `undefined` is anonymous, a number is a context tag (0 … 255). */
export type TlvTag = number | ProfileTag | undefined

/** Octets of an integer or of a length field. */
export type TlvWidth = 1 | 2 | 4 | 8

/**
 * One element of Matter TLV (matter-factory-data 9). Integers outside ±(2^53 − 1) are `bigint`.
 * `width` is the least number of octets of the integer or length field; without it the shortest is written.
 */
export type TlvElement = { readonly tag?: TlvTag } & (
  | {
      readonly type: 'int' | 'uint'
      readonly value: number | bigint
      readonly width?: TlvWidth | undefined
    }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'float' | 'double'; readonly value: number }
  | { readonly type: 'text'; readonly value: string; readonly width?: TlvWidth | undefined }
  | { readonly type: 'octets'; readonly value: Uint8Array; readonly width?: TlvWidth | undefined }
  | { readonly type: 'null' }
  | {
      readonly type: 'structure' | 'array' | 'list'
      readonly value: readonly TlvElement[]
    }
)

/** First element type of each group; the following ones are its wider forms. */
export const ElementType = {
  int: 0x00,
  uint: 0x04,
  boolFalse: 0x08,
  boolTrue: 0x09,
  float: 0x0a,
  double: 0x0b,
  text: 0x0c,
  octets: 0x10,
  null: 0x14,
  structure: 0x15,
  array: 0x16,
  list: 0x17,
  endOfContainer: 0x18,
} as const

/** Three high bits of the control octet. */
export const TagControl = {
  anonymous: 0,
  context: 1,
  common2: 2,
  common4: 3,
  implicit2: 4,
  implicit4: 5,
  full6: 6,
  full8: 7,
} as const

/** Widths in the order of the two low bits of an element type. */
export const tlvWidths = [1, 2, 4, 8] as const satisfies readonly TlvWidth[]
