import { encodeUtf8, Secret } from '@keyline/bytes'
import { hkdfSha256, p256Order, publicKeyOf, sha256 } from '@keyline/crypto'
import { PsaError } from '../errors.ts'
import { numberOf } from '../primitive/modular.ts'

/** RDP level of a chip; for its keys 0.5 counts as 1. */
export type RdpLevel = 0 | 0.5 | 1 | 2

/** What the hardware keys depend on besides the chip: a blob made in one state does not open in another. */
export interface SecurityState {
  readonly rdp: RdpLevel
  readonly isSecure: boolean
  readonly isPrivileged: boolean
}

/** The wrapping keys of section 5.2: the DHUK, or the DHUK XOR the boot hardware key. */
export type WrappingKeySelection = 'DHUK' | 'DHUK_XOR_BHK'

/** The two device keys: free use and licence use. */
export type DuaKeyName = 'FU' | 'LU'

export interface ChipSecretsInput {
  /** 32 octets, unique to the chip: the wrapping and device keys are derived from it. */
  readonly rootSecret: Uint8Array
  /** Boot hardware key, 32 octets; zeros unless given. */
  readonly bootHardwareKey?: Uint8Array | undefined
  /** Device keys that the foundry left in the chip: both unless given. */
  readonly deviceKeys?: readonly DuaKeyName[] | undefined
}

/** Root secret of every chip at RDP level 0, which is no secret (decision D13). */
const publicRoot = sha256(encodeUtf8('stm32 simulated chip root, RDP level 0'))
const keyLength = 32

let dhukOf: (chip: ChipSecrets, state: SecurityState) => Uint8Array
let bootKeyOf: (chip: ChipSecrets) => Uint8Array
let deviceScalarOf: (chip: ChipSecrets, name: DuaKeyName) => Secret | undefined

/**
 * What is fused into one simulated chip. No method of it gives a key away: only the models beside this file reach
 * inside.
 */
export class ChipSecrets {
  readonly #root: Secret
  readonly #bootHardwareKey: Secret
  readonly #deviceKeys: ReadonlySet<DuaKeyName>
  /** One key for every state, where a test sets it. */
  readonly #fixedDhuk: Secret | undefined
  readonly #dhuks = new Map<number, Secret>()

  /** @throws PsaError `PSA_PARAMETER` */
  constructor(input: ChipSecretsInput, fixedDhuk?: Secret) {
    this.#root = keySecret('root secret', input.rootSecret)
    this.#bootHardwareKey = keySecret(
      'boot hardware key',
      input.bootHardwareKey ?? new Uint8Array(keyLength),
    )
    this.#deviceKeys = new Set(input.deviceKeys ?? ['FU', 'LU'])
    this.#fixedDhuk = fixedDhuk
  }

  /** A chip with a wrapping key that is known, in every state: for vectors. @throws PsaError `PSA_PARAMETER` */
  static withDhuk(dhuk: Uint8Array): ChipSecrets {
    return new ChipSecrets({ rootSecret: dhuk, deviceKeys: [] }, keySecret('DHUK', dhuk))
  }

  /** X ‖ Y of a device key; nothing when the chip has none. */
  devicePublicKey(name: DuaKeyName): Uint8Array<ArrayBuffer> | undefined {
    using scalar = deviceScalarOf(this, name)
    return scalar === undefined ? undefined : publicKeyOf('P-256', scalar.reveal())
  }

  static {
    dhukOf = (chip, state) => chip.#dhuk(state).reveal()
    bootKeyOf = (chip) => chip.#bootHardwareKey.reveal()
    deviceScalarOf = (chip, name) =>
      chip.#deviceKeys.has(name) ? deriveScalar(chip.#root.reveal(), name) : undefined
  }

  /** HKDF-SHA-256 of the root under the state (decision D13); kept, as the hardware keeps it. */
  #dhuk(state: SecurityState): Secret {
    if (this.#fixedDhuk !== undefined) return this.#fixedDhuk
    const level = state.rdp === 0.5 ? 1 : state.rdp
    const attributes = [Number(state.isSecure), Number(state.isPrivileged)] as const
    const name = 4 * level + 2 * attributes[0] + attributes[1]
    const known = this.#dhuks.get(name)
    if (known !== undefined) return known
    const info = Uint8Array.of(level, ...attributes)
    const secret = level === 0 ? publicRoot : this.#root.reveal()
    const salt = encodeUtf8('sim-dhuk/1')
    const dhuk = new Secret(hkdfSha256({ secret, salt, info, length: keyLength }))
    this.#dhuks.set(name, dhuk)
    return dhuk
  }
}

/** Lets a use have the selected wrapping key, 32 octets, for as long as it runs. */
export function withWrappingKey<T>(
  chip: ChipSecrets,
  { selection, state }: { readonly selection: WrappingKeySelection; readonly state: SecurityState },
  use: (key: Uint8Array) => T,
): T {
  const dhuk = dhukOf(chip, state)
  if (selection === 'DHUK') return use(dhuk)
  const bootKey = bootKeyOf(chip)
  using key = new Secret(dhuk.map((octet, index) => octet ^ (bootKey[index] ?? 0)))
  return use(key.reveal())
}

/** The scalar of a device key, 32 octets, to be wiped by its user; nothing when the chip has none. */
export function deviceScalar(chip: ChipSecrets, name: DuaKeyName): Secret | undefined {
  return deviceScalarOf(chip, name)
}

/** The first candidate in 1 … n − 1 of HKDF-SHA-256 of the root. */
function deriveScalar(root: Uint8Array, name: DuaKeyName): Secret {
  for (let attempt = 0; ; attempt++) {
    const info = encodeUtf8(`${name}/${attempt}`)
    const salt = encodeUtf8('sim-dua/1')
    const scalar = new Secret(hkdfSha256({ secret: root, salt, info, length: keyLength }))
    const value = numberOf(scalar.reveal())
    if (value > 0n && value < p256Order) return scalar
  }
}

function keySecret(what: string, octets: Uint8Array): Secret {
  if (octets.length === keyLength) return new Secret(Uint8Array.from(octets))
  throw new PsaError('PSA_PARAMETER', `the ${what} has ${octets.length} octets, not ${keyLength}`)
}
