/** Persistence of a key, the low octet of its lifetime (section 2.2). */
export const Persistence = { volatile: 0x00, persistent: 0x01, readOnly: 0xff } as const

/** Where a key lives, the upper 24 bits of its lifetime. */
export const Location = { local: 0x00_0000, keyWrapEngine: 0x80_0001 } as const

export interface LifetimeParts {
  readonly persistence: number
  readonly location: number
}

/** `location << 8 | persistence`, unsigned 32 bit. */
export function lifetimeOf({ persistence, location }: LifetimeParts): number {
  return location * 0x100 + persistence
}

export function lifetimeParts(lifetime: number): LifetimeParts {
  return { persistence: lifetime & 0xff, location: lifetime >>> 8 }
}

/** The lifetimes that an application asks for. */
export const Lifetime = {
  volatile: 0x0000_0000,
  persistent: 0x0000_0001,
  keyWrapEngineVolatile: 0x8000_0100,
  keyWrapEngine: 0x8000_0101,
} as const

interface IdRange {
  readonly first: number
  readonly last: number
}

/** Ranges of key ids; `rsseWrapped` is a part of `user`. */
export const keyIds = {
  user: { first: 0x0000_0001, last: 0x3fff_ffff },
  rsseWrapped: { first: 0x3f00_0000, last: 0x3fff_ffff },
  vendor: { first: 0x4000_0000, last: 0x7fff_ffff },
  /** Ids that the service hands out for volatile keys. */
  volatile: { first: 0x7fff_0000, last: 0x7fff_efff },
} as const satisfies Readonly<Record<string, IdRange>>

/** Ids of the wrapped DUA keys of an STM32: free use, licence use. */
export const duaKeyIds = { FU: 0x3fff_fffe, LU: 0x3fff_ffff } as const

export function isKeyIdIn({ first, last }: IdRange, id: number): boolean {
  return id >= first && id <= last
}
