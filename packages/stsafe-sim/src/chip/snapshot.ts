import {
  choice,
  concat,
  flag,
  bitFields,
  layout,
  prefixedOctets,
  u16be,
  u32be,
  u8,
  type Field,
  type ValueOf,
} from '@keyline/bytes'
import { curveId } from '@keyline/stsafe/layout'
import { block, imageFromJson, imageToJson, optional, privateKeyField } from '../nvm/image.ts'
import { contextLimit, type VolatileState } from '../nvm/volatile.ts'

const longBlock = prefixedOctets(u32be, contextLimit)
const signer = optional(u8)

/** What a snapshot holds beside the state: the volatile contexts, and how often a seeded source was asked. */
const members = {
  address: u8,
  proven: bitFields(u8, { isEntityAuthenticated: flag(0), isPasswordVerified: flag(1) }),
  hash: optional(
    layout({
      algorithm: choice(u8, {
        'SHA-256': 1,
        'SHA-384': 2,
        'SHA-512': 3,
        'SHA3-256': 8,
        'SHA3-384': 9,
        'SHA3-512': 10,
      }),
      message: longBlock,
    }),
  ),
  cipher: optional(
    layout({
      direction: choice(u8, { encrypt: 0, decrypt: 1 }),
      mode: choice(u8, { 'CCM*': 0, GCM: 3 }),
      key: block,
      nonce: block,
      tagLength: u8,
      totalAad: u16be,
      totalMessage: u32be,
      aad: longBlock,
      message: longBlock,
    }),
  ),
  ecdhe: optional(layout({ curve: curveId, privateKey: block })),
  ephemeralKey: optional(privateKeyField),
  kek: optional(layout({ base: block, index: u8, signer })),
  established: optional(layout({ secret: block, signer })),
  challenge: optional(block),
  response: optional(block),
  position: u32be,
} as const

const whole = layout(members)
type Image = ValueOf<typeof whole>

/** What a chip in the middle of a sequence has beside its non-volatile memory. */
export interface Moment {
  readonly volatile: VolatileState
  /** Answer that waits to be read. */
  readonly response: Uint8Array | undefined
  /** How often a seeded source of randomness was asked. */
  readonly position: number
}

export function momentToJson({ volatile, response, position }: Moment): string {
  const { hash, cipher, isEntityAuthenticated, isPasswordVerified } = volatile
  const image: Image = {
    ...volatile,
    proven: { isEntityAuthenticated, isPasswordVerified },
    hash: hash && { algorithm: hash.algorithm, message: concat(...hash.parts) },
    cipher: cipher && {
      ...cipher,
      aad: concat(...cipher.aadParts),
      message: concat(...cipher.parts),
    },
    response,
    position,
  }
  return imageToJson(members, image)
}

/** @throws StsafeSimError `SIM_STATE` */
export function momentFromJson(text: string): Moment {
  const field: Field<Image> = whole
  const { proven, hash, cipher, response, position, ...rest } = imageFromJson(members, field, text)
  const volatile = {
    ...rest,
    ...proven,
    hash: hash && { algorithm: hash.algorithm, parts: [hash.message] },
    cipher: cipher && {
      ...cipher,
      aadParts: [cipher.aad],
      parts: [cipher.message],
      stream: undefined,
    },
  }
  return { volatile, response, position }
}
