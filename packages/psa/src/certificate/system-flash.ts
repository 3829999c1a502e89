/** Octets of one pack of certificate parts in system flash. */
export const packLength = 0x200

/** Where a family keeps its packs and its unique id; readable by any code (section 7.1). */
export interface SystemFlashMap {
  readonly pack1: number
  readonly pack2: number
  /** 96 bits; STM32U3 alone. */
  readonly uid?: number
}

export const systemFlashMaps = {
  STM32U3: { pack1: 0x0bf9_fe00, pack2: 0x0bf9_fc00, uid: 0x0bfa_0700 },
  STM32H533: { pack1: 0x0bf9_fe00, pack2: 0x0bf9_fc00 },
  STM32H573: { pack1: 0x0bf9_fe00, pack2: 0x0bf9_fc00 },
  STM32H5F4: { pack1: 0x0bfb_7e00, pack2: 0x0bfb_7c00 },
  STM32H5F5: { pack1: 0x0bfb_7e00, pack2: 0x0bfb_7c00 },
} as const satisfies Readonly<Record<string, SystemFlashMap>>

/** One certificate of which system flash holds the parts, and the texts of its template. */
export interface CertificateKind {
  /** As the software utility numbers it; those of STM32H5 have none. */
  readonly id?: number
  readonly pack: 'pack1' | 'pack2'
  /** Offsets in the pack: X ‖ Y (64), r ‖ s (64), serial number (10). */
  readonly publicKey: number
  readonly signature: number
  readonly serial: number
  /** Behind `ST CA NN for STM32 ` in the common name of the issuer. */
  readonly issuer: string
  /** Before the serial number in the common name of the subject. */
  readonly subject: string
}

export const certificateKinds = {
  'u3-user-fu': {
    id: 1,
    pack: 'pack2',
    publicKey: 12,
    signature: 76,
    serial: 140,
    issuer: 'User',
    subject: 'stm32u3xx-usfu-',
  },
  'u3-user-lu': {
    id: 2,
    pack: 'pack2',
    publicKey: 162,
    signature: 226,
    serial: 290,
    issuer: 'User',
    subject: 'stm32u3xx-uslu-',
  },
  'h5-user': {
    pack: 'pack2',
    publicKey: 12,
    signature: 76,
    serial: 140,
    issuer: 'User',
    subject: 'stm32h5xx-user-',
  },
  'h5-initial-attestation': {
    pack: 'pack1',
    publicKey: 152,
    signature: 216,
    serial: 484,
    issuer: 'Initial Attestation',
    subject: 'stm32h5xx-initial_attestation-',
  },
} as const satisfies Readonly<Record<string, CertificateKind>>
export type CertificateKindName = keyof typeof certificateKinds

/** What makes one certificate different from the next. */
export interface CertificateParts {
  /** X ‖ Y. */
  readonly publicKey: Uint8Array
  /** r ‖ s. */
  readonly signature: Uint8Array
  /** 10 octets: number of the authority, year, eight more. */
  readonly serial: Uint8Array
}

const partLength = { publicKey: 64, signature: 64, serial: 10 } as const

export function readParts(pack: Uint8Array, name: CertificateKindName): CertificateParts {
  const kind = certificateKinds[name]
  const part = (field: keyof typeof partLength): Uint8Array =>
    pack.subarray(kind[field], kind[field] + partLength[field])
  return { publicKey: part('publicKey'), signature: part('signature'), serial: part('serial') }
}

/** Puts the parts of a certificate into their places in a pack. */
export function writeParts(
  pack: Uint8Array,
  name: CertificateKindName,
  parts: CertificateParts,
): void {
  const kind = certificateKinds[name]
  pack.set(parts.publicKey, kind.publicKey)
  pack.set(parts.signature, kind.signature)
  pack.set(parts.serial, kind.serial)
}
