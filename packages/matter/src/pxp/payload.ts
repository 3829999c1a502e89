import { decodeUtf8, encodeUtf8, parseJson, toHex, type JsonValue } from '@keyline/bytes'
import { MatterError } from '../errors.ts'

/** Storages of the device key: readable flash, internal trusted storage, customer key storage. */
export const keyStores = ['flash', 'its', 'cks'] as const
export type KeyStore = (typeof keyStores)[number]

export type ProvisioningMode = 'test' | 'production'

/** HELLO: the host opens the session. */
export interface Hello {
  readonly mode: ProvisioningMode
}

/** IDENT: what the board says of itself. */
export interface Ident {
  /** 12 octets. */
  readonly uid: Uint8Array
  /** Device id of the debug port, `0x4B0`. */
  readonly device: string
  readonly stores: readonly KeyStore[]
  readonly state: 'empty' | 'provisioned'
}

/** STORED: where the key rests. */
export interface Stored {
  readonly store: KeyStore
}

/** BASIC: attributes of the Basic Information cluster, as the application reports them. */
export interface BasicInformation {
  readonly vendorId: number
  readonly productId: number
  readonly vendorName?: string | undefined
  readonly productName?: string | undefined
  readonly serialNumber?: string | undefined
  readonly hardwareVersion?: number | undefined
  readonly hardwareVersionString?: string | undefined
  readonly softwareVersion?: number | undefined
  readonly softwareVersionString?: string | undefined
  /** True when the application was built without its factory data and uses example credentials. */
  readonly testCredentials?: boolean | undefined
}

export function encodeHello(hello: Hello): Uint8Array<ArrayBuffer> {
  return json({ v: 1, mode: hello.mode })
}

/** @throws MatterError `PXP_PAYLOAD` */
export function decodeHello(payload: Uint8Array): Hello {
  const members = new Members('HELLO', payload)
  members.requireVersion()
  return { mode: members.oneOf('mode', ['test', 'production']) }
}

export function encodeIdent(ident: Ident): Uint8Array<ArrayBuffer> {
  const { uid, device, stores, state } = ident
  return json({ v: 1, uid: toHex(uid), device, stores, state })
}

/** @throws MatterError `PXP_PAYLOAD` */
export function decodeIdent(payload: Uint8Array): Ident {
  const members = new Members('IDENT', payload)
  members.requireVersion()
  const digits = members.text('uid')
  if (!/^[0-9a-f]{24}$/.test(digits)) members.fail('uid', 'must be 24 lower-case hex digits')
  return {
    uid: Uint8Array.from(Buffer.from(digits, 'hex')),
    device: members.text('device'),
    stores: members.listOf('stores', keyStores),
    state: members.oneOf('state', ['empty', 'provisioned']),
  }
}

export function encodeStored(stored: Stored): Uint8Array<ArrayBuffer> {
  return json({ store: stored.store })
}

/** @throws MatterError `PXP_PAYLOAD` */
export function decodeStored(payload: Uint8Array): Stored {
  return { store: new Members('STORED', payload).oneOf('store', keyStores) }
}

export function encodeBasic(information: BasicInformation): Uint8Array<ArrayBuffer> {
  return json({ ...information })
}

/** @throws MatterError `PXP_PAYLOAD` */
export function decodeBasic(payload: Uint8Array): BasicInformation {
  const members = new Members('BASIC', payload)
  return {
    vendorId: members.whole('vendorId', 0xffff),
    productId: members.whole('productId', 0xffff),
    vendorName: members.maybe('vendorName', () => members.text('vendorName')),
    productName: members.maybe('productName', () => members.text('productName')),
    serialNumber: members.maybe('serialNumber', () => members.text('serialNumber')),
    hardwareVersion: members.maybe('hardwareVersion', () =>
      members.whole('hardwareVersion', 0xffff),
    ),
    hardwareVersionString: members.maybe('hardwareVersionString', () =>
      members.text('hardwareVersionString'),
    ),
    softwareVersion: members.maybe('softwareVersion', () =>
      members.whole('softwareVersion', 0xffff_ffff),
    ),
    softwareVersionString: members.maybe('softwareVersionString', () =>
      members.text('softwareVersionString'),
    ),
    testCredentials: members.maybe('testCredentials', () => members.flag('testCredentials')),
  }
}

function json(value: {
  readonly [member: string]: JsonValue | undefined
}): Uint8Array<ArrayBuffer> {
  return encodeUtf8(JSON.stringify(value))
}

/** A JSON object of the wire; unknown members are left for later versions. */
class Members {
  readonly #what: string
  readonly #members: { readonly [member: string]: JsonValue | undefined }

  constructor(what: string, payload: Uint8Array) {
    this.#what = what
    this.#members = objectOf(what, payload)
  }

  requireVersion(): void {
    if (this.#members['v'] !== 1) this.fail('v', 'must be 1')
  }

  text(name: string): string {
    const value = this.#members[name]
    return typeof value === 'string' ? value : this.fail(name, 'must be a text')
  }

  whole(name: string, max: number): number {
    const value = this.#members[name]
    const isWhole = typeof value === 'number' && Number.isInteger(value)
    return isWhole && value >= 0 && value <= max
      ? value
      : this.fail(name, `must be a whole number of 0 to ${max}`)
  }

  flag(name: string): boolean {
    const value = this.#members[name]
    return typeof value === 'boolean' ? value : this.fail(name, 'must be true or false')
  }

  oneOf<const T extends string>(name: string, choices: readonly T[]): T {
    return this.#choice(name, this.#members[name], choices)
  }

  listOf<const T extends string>(name: string, choices: readonly T[]): readonly T[] {
    const value = this.#members[name]
    if (!Array.isArray(value)) return this.fail(name, 'must be a list')
    return value.map((item: unknown) => this.#choice(name, item, choices))
  }

  maybe<T>(name: string, read: () => T): T | undefined {
    return this.#members[name] === undefined ? undefined : read()
  }

  fail(name: string, reason: string): never {
    const found = JSON.stringify(this.#members[name]) ?? 'missing'
    throw new MatterError(
      'PXP_PAYLOAD',
      `${this.#what}.${name} is ${found.slice(0, 40)}, but ${reason}`,
    )
  }

  #choice<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
    const choice = choices.find((candidate) => candidate === value)
    return choice ?? this.fail(name, `must be one of ${choices.join(', ')}`)
  }
}

function objectOf(
  what: string,
  payload: Uint8Array,
): { readonly [member: string]: JsonValue | undefined } {
  let value: JsonValue
  try {
    value = parseJson(decodeUtf8(payload, what), what, { maxDepth: 4 })
  } catch (cause) {
    throw new MatterError('PXP_PAYLOAD', `the payload of ${what} is not JSON`, { cause })
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new MatterError('PXP_PAYLOAD', `the payload of ${what} is not a JSON object`)
  }
  return Object.fromEntries(Object.entries(value))
}
