/** What the library has to know of a device type (section 0.4). */
export interface DeviceType {
  readonly name: string
  /** Header, payload and MAC, without CRC, in octets; in both directions. */
  readonly maxFrame: number
  /** Width of the sequence counter in octets: host key slot V1 has 3, V2 has 4. */
  readonly counterWidth: 3 | 4
  /** Least value of the last two octets of the mask identification. */
  readonly minMask: number
  readonly extendedCommands: boolean
}

/** The newest part stands first: a mask belongs to the first type whose threshold it reaches. */
export const deviceTypes = {
  A120: {
    name: 'STSAFE-A120',
    maxFrame: 752,
    counterWidth: 4,
    minMask: 0x6000,
    extendedCommands: true,
  },
  A110: {
    name: 'STSAFE-A110',
    maxFrame: 507,
    counterWidth: 3,
    minMask: 0x4600,
    extendedCommands: false,
  },
  A100: {
    name: 'STSAFE-A100',
    maxFrame: 507,
    counterWidth: 3,
    minMask: 0x4000,
    extendedCommands: false,
  },
} as const satisfies Readonly<Record<string, DeviceType>>
export type DeviceTypeName = keyof typeof deviceTypes

/** The device type of a mask identification (3 octets), or nothing when no threshold is reached. */
export function deviceTypeOf(maskId: Uint8Array): DeviceType | undefined {
  const [, high = 0, low = 0] = maskId
  const mask = (high << 8) | low
  return Object.values<DeviceType>(deviceTypes).find((type) => mask >= type.minMask)
}

export const defaultI2cAddress = 0x20

/** Waits of section 1.4 and 1.5. */
export const busTiming = {
  firstPollingMs: 10,
  pollingRetryMs: 10,
  maxAttempts: 100,
  bootMs: 10,
} as const
