/** The three high bits of the first octet of an item (RFC 8949 section 3.1). */
export const MajorType = {
  unsigned: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const
export type MajorType = (typeof MajorType)[keyof typeof MajorType]

/** The five low bits of the first octet: below 24 the argument itself, then the width in which it follows. */
export const AdditionalInformation = {
  oneOctet: 24,
  twoOctets: 25,
  fourOctets: 26,
  eightOctets: 27,
  indefinite: 31,
} as const

/** Additional information of major type 7 that is not a simple value in the first octet. */
export const SimpleForm = {
  false: 20,
  true: 21,
  null: 22,
  oneOctet: 24,
  half: 25,
  single: 26,
  double: 27,
  break: 31,
} as const

/** Simple values below this one must stand in the first octet. */
export const leastLongSimple = 32
