import { concat, seededRandom, toHex, type Random } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import {
  encodeContainer,
  exportDuaKey,
  keyBufferIn,
  manufactureChip,
  type RsseExport,
  type RsseExportOptions,
  type SimulatedChip,
} from '@keyline/psa'
import { Ccb } from '@keyline/psa/ccb'
import type { FaultPlan } from '../fault/fault-plan.ts'
import type { RdpLevel } from '../option/option-bytes.ts'
import type { DeviceKeyArea } from '../part/part.ts'

export interface DeviceChipOptions {
  readonly area: DeviceKeyArea
  /** All that the foundry puts into the chip follows from it. */
  readonly seed: string
  readonly faults: FaultPlan
  /** Level of the read-out protection in force. */
  readonly rdp: () => RdpLevel
}

const scalarLength = 32

/**
 * The device key of one chip from the simulated foundry: in the clear inside its bridge alone, outside as the container
 * that RSSe-KW exports. Its certificate stands in system flash.
 */
export class DeviceChip {
  readonly area: DeviceKeyArea
  readonly #options: DeviceChipOptions
  #own: SimulatedChip | undefined
  #other: SimulatedChip | undefined

  constructor(options: DeviceChipOptions) {
    this.area = options.area
    this.#options = options
  }

  /** Certificate parts as they stand in system flash, 512 octets. */
  pack(name: 'pack1' | 'pack2'): Uint8Array {
    const isForeign = this.#options.faults.valueOf('certificate-foreign') !== undefined
    return (isForeign ? this.#foreign : this.#chip)[name]
  }

  /** The bridge through which the key is used, in the state of the chip. */
  bridge(random: Random): Ccb {
    return this.#bridgeOf(this.#chip, random)
  }

  /** What RSSe-KW returns now. @throws PsaError `RSSE_UNAVAILABLE`, `DUA_KEY_ABSENT`, `PSA_PARAMETER` */
  export(options: RsseExportOptions): RsseExport {
    const { faults, rdp, seed } = this.#options
    const isForeign = faults.strikes('container-foreign')
    const { userKey = new Uint8Array(), ...named } = options
    const source = [seed, 'export', rdp(), JSON.stringify(named), toHex(sha256(userKey))].join('/')
    const ccb = this.#bridgeOf(isForeign ? this.#foreign : this.#chip, seededRandom(source))
    const exported = exportDuaKey({ ccb, rdp: rdp(), isDebugOpen: true }, options)
    if (!faults.strikes('container-tampered')) return exported
    return { ...exported, container: tampered(exported.container, options) }
  }

  get #chip(): SimulatedChip {
    this.#own ??= manufactured(this.#options.seed)
    return this.#own
  }

  get #foreign(): SimulatedChip {
    this.#other ??= manufactured(`${this.#options.seed}/another chip`)
    return this.#other
  }

  #bridgeOf({ secrets }: SimulatedChip, random: Random): Ccb {
    const state = () => ({ rdp: this.#options.rdp(), isSecure: false, isPrivileged: true })
    return new Ccb({ chip: secrets, state, random })
  }
}

function manufactured(seed: string): SimulatedChip {
  return manufactureChip({ rootSecret: seededRandom(`${seed}/root secret`).bytes(32) })
}

/** Another container around a key buffer of which one bit is changed. */
function tampered(container: Uint8Array, { keyType }: RsseExportOptions): Uint8Array<ArrayBuffer> {
  const buffer = keyBufferIn(container, scalarLength)
  const last = buffer.length - 1
  const changed = concat(buffer.subarray(0, last), Uint8Array.of((buffer[last] ?? 0) ^ 1))
  return encodeContainer({
    keyKind: keyType,
    iv: changed.subarray(0, 16),
    tag: changed.subarray(16, 32),
    wrappedKey: changed.subarray(32),
  })
}
