import { decode, fromHex } from '@keyline/bytes'
import {
  accessTableCodes,
  deviceTypeOf,
  deviceTypes,
  hostKeyControl,
  i2cParameters,
  lifeCycleState,
  privateKeyMode,
  productData,
  ProductTag,
  publicKeyFlags,
  symmetricKeyControl,
  zoneConditions,
  type CommandAccess,
  type DeviceTypeName,
} from '@keyline/stsafe/layout'
import type { ChipState } from './state.ts'

/** What a chip holds when it leaves the factory, as data. Octets are hexadecimal digits. */
export interface Profile {
  readonly productData: string
  readonly i2cParameters: string
  readonly lifeCycleState: string
  /** Access conditions other than FREE, by command code. */
  readonly commandAccess: Readonly<Record<string, CommandAccess>>
  readonly hostKeyControl: string
  readonly symmetricSlots: number
  readonly symmetricKeyControl: string
  readonly globalUsageLimit: number
  readonly privateKeySlots: readonly number[]
  readonly privateKeyMode: string
  readonly publicKeySlots: number
  readonly publicKeyFlags: string
  readonly envelopeKeySlots: number
  readonly zones: readonly ProfileZone[]
}

/** A data zone; with a counter, a counter zone. */
export interface ProfileZone {
  readonly conditions: string
  readonly length: number
  readonly counter?: number
}

/**
 * The generic sample profile SPL05 (section 6): 12 zones, 16 symmetric slots, keys and certificate not yet in it.
 * Derive LoRa key is NEVER, every other command FREE.
 */
export const spl05Profile: Profile = {
  productData:
    '010300600002090209a0949081d4c16b030202f00402020005024000060200000701010802000009030000010a030000010b030000050c030000010d03250101',
  i2cParameters: '4000',
  lifeCycleState: '03',
  commandAccess: { '08': 'never' },
  hostKeyControl: '0aff',
  symmetricSlots: 16,
  symmetricKeyControl: '08ffff',
  globalUsageLimit: 0xffff,
  privateKeySlots: [0, 1, 2, 3, 4, 0xff],
  privateKeyMode: '800d',
  publicKeySlots: 4,
  publicKeyFlags: '0001',
  envelopeKeySlots: 2,
  zones: [
    { conditions: '07', length: 1000 },
    ...Array.from({ length: 4 }, () => ({ conditions: '88', length: 1000 })),
    ...Array.from({ length: 4 }, () => ({ conditions: '88', length: 64, counter: 0xffff_ffff })),
    { conditions: '88', length: 5120 },
    { conditions: '88', length: 3072 },
    { conditions: '88', length: 2944 },
  ],
}

/** A new chip of this profile. @throws BytesError when a value of the profile does not parse */
export function chipOf(profile: Profile): ChipState {
  const product = decode(productData, fromHex(profile.productData), 'product data')
  const mode = decode(privateKeyMode, fromHex(profile.privateKeyMode), 'private key mode')
  const flags = decode(publicKeyFlags, fromHex(profile.publicKeyFlags), 'public key flags')
  const control = decode(symmetricKeyControl, fromHex(profile.symmetricKeyControl), 'control')
  return {
    device: deviceOf(product.find(({ tag }) => tag === ProductTag.maskId)?.value),
    productData: product,
    i2c: decode(i2cParameters, fromHex(profile.i2cParameters), 'I2C parameters'),
    lifeCycle: decode(lifeCycleState, fromHex(profile.lifeCycleState), 'life cycle state'),
    changeRights: { access: true, encryption: true },
    authorization: accessTableCodes.map((code) => ({
      code,
      access: profile.commandAccess[codeName(code)] ?? 'free',
      encryption: { command: false, response: false },
    })),
    hostControl: decode(hostKeyControl, fromHex(profile.hostKeyControl), 'host key control'),
    hostKeys: undefined,
    hostCounter: 0,
    zones: profile.zones.map((zone, index) => zoneOf(zone, index)),
    symmetricSlots: Array.from({ length: profile.symmetricSlots }, () => ({
      control,
      key: undefined,
    })),
    globalUsageLimit: profile.globalUsageLimit,
    privateKeys: profile.privateKeySlots.map((slot) => ({ slot, mode, key: undefined })),
    publicKeys: Array.from({ length: profile.publicKeySlots }, () => ({ flags, key: undefined })),
    envelopeKeys: Array.from({ length: profile.envelopeKeySlots }, () => undefined),
    password: undefined,
  }
}

function zoneOf(
  { conditions, length, counter }: ProfileZone,
  index: number,
): ChipState['zones'][number] {
  const entry = {
    index,
    type: counter === undefined ? ('data' as const) : ('counter' as const),
    ...decode(zoneConditions, fromHex(conditions), `conditions of zone ${index}`),
    length,
    counter,
  }
  return { entry, data: new Uint8Array(length) }
}

function deviceOf(maskId: Uint8Array | undefined): DeviceTypeName {
  const type = deviceTypeOf(maskId ?? new Uint8Array())
  if (type === deviceTypes.A100) return 'A100'
  return type === deviceTypes.A110 ? 'A110' : 'A120'
}

/** `09`, `1f0b`: a command code as profiles and vectors name it. */
export function codeName(code: number): string {
  return code.toString(16).padStart(code > 0xff ? 4 : 2, '0')
}
