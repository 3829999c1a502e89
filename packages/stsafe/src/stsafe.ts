import { systemClock, systemRandom, type Clock, type Random } from '@keyline/bytes'
import { generateCurveKeyPair, type CurveKeyPair } from '@keyline/crypto'
import { Link, type Polling } from './bus/link.ts'
import type { Transport } from './bus/transport.ts'
import { AuthenticationService } from './chip/authentication.ts'
import { CipherStreamService } from './chip/cipher-streams.ts'
import { CipherService } from './chip/ciphers.ts'
import type { CallOptions, ChipContext, StsafeEvent } from './chip/context.ts'
import { DerivationService } from './chip/derivation.ts'
import { DeviceService } from './chip/device.ts'
import { EccService } from './chip/ecc.ts'
import { EnvelopeService } from './chip/envelopes.ts'
import { HashService } from './chip/hashes.ts'
import { MacService } from './chip/macs.ts'
import { PublicKeyService } from './chip/public-keys.ts'
import { ZoneService } from './chip/zones.ts'
import { CommandChannel } from './command/channel.ts'
import { policiesOf } from './command/policy.ts'
import { CommandQueue } from './command/queue.ts'
import { StsafeError } from './errors.ts'
import type { CurveName } from './layout/algorithm.ts'
import {
  ProductTag,
  stNumberIn,
  type AuthorizationRecord,
  type ProductData,
} from './layout/attribute.ts'
import { busTiming, deviceTypeOf, deviceTypes, type DeviceType } from './layout/device.ts'
import { Form } from './layout/form/forms.ts'
import { HostKeyService } from './provisioning/host-keys.ts'
import { SymmetricKeyService } from './provisioning/symmetric-keys.ts'
import { HostSession, type HostKeyPair } from './session/host-session.ts'

export interface StsafeOptions {
  readonly clock?: Clock | undefined
  /** Nonces, challenges and ephemeral keys. */
  readonly random?: Random | undefined
  readonly polling?: Polling | undefined
  /** Makes the host's ephemeral pairs; drawn from `random` unless given. */
  readonly ephemeralKeyPair?: ((curve: CurveName) => CurveKeyPair) | undefined
  readonly onEvent?: ((event: StsafeEvent) => void) | undefined
}

/** What is known of a part without asking it. */
export interface KnownPart {
  readonly deviceType: DeviceType
  readonly records: readonly AuthorizationRecord[]
}

/** One STSAFE-A on a bus: the services of section 7, grouped by subject. */
export class Stsafe {
  readonly device: DeviceService
  readonly zones: ZoneService
  readonly ecc: EccService
  readonly publicKeys: PublicKeyService
  readonly hashes: HashService
  readonly macs: MacService
  readonly ciphers: CipherService
  readonly cipherStreams: CipherStreamService
  readonly envelopes: EnvelopeService
  readonly derivation: DerivationService
  readonly authentication: AuthenticationService
  readonly hostKeys: HostKeyService
  readonly symmetricKeys: SymmetricKeyService
  readonly #channel: CommandChannel
  readonly #queue: CommandQueue

  /** @see openStsafe */
  constructor(transport: Transport, part: KnownPart, options: StsafeOptions = {}) {
    const { clock = systemClock, random = systemRandom, polling, onEvent } = options
    const link = new Link({ transport, clock, polling })
    const policies = policiesOf(part.records)
    this.#channel = new CommandChannel({ link, deviceType: part.deviceType, policies })
    this.#queue = new CommandQueue(this.#channel)
    const context: ChipContext = {
      queue: this.#queue,
      clock,
      random,
      ephemeralKeyPair:
        options.ephemeralKeyPair ?? ((curve) => generateCurveKeyPair(curve, random)),
      notify: (event) => onEvent?.(event),
    }
    this.device = new DeviceService(context)
    this.zones = new ZoneService(context)
    this.ecc = new EccService(context)
    this.publicKeys = new PublicKeyService(context)
    this.hashes = new HashService(context)
    this.macs = new MacService(context)
    this.ciphers = new CipherService(context)
    this.cipherStreams = new CipherStreamService(context)
    this.envelopes = new EnvelopeService(context)
    this.derivation = new DerivationService(context)
    this.authentication = new AuthenticationService(context, { ecc: this.ecc, zones: this.zones })
    this.hostKeys = new HostKeyService(context)
    this.symmetricKeys = new SymmetricKeyService(context)
  }

  get deviceType(): DeviceType {
    return this.#channel.deviceType
  }

  /** Counter of the open host session before its next command; nothing when none is open. */
  get sessionCounter(): number | undefined {
    return this.#channel.session?.counter
  }

  /**
   * Waits for the boot, identifies the part and reads its authorization table, as `stse_init` does.
   * @throws StsafeError `STSAFE_UNKNOWN_PART`
   */
  async initialise({ signal }: CallOptions = {}): Promise<void> {
    await this.#queue.exclusive(async (channel) => {
      await channel.link.sleep(busTiming.bootMs, signal)
      const data = await channel.run(Form.queryProductData, {}, { signal })
      channel.deviceType = identify(data)
      channel.stNumber = stNumberIn(data)
      await channel.run(Form.queryCommandAuthorization, {}, { signal })
      const { records } = await channel.run(Form.queryCommandAuthorization, {}, { signal })
      channel.policies = policiesOf(records)
    })
  }

  /**
   * Opens the host session: asks the chip for key type and counter. Replaces `stsafea_open_host_session`.
   * @throws StsafeError `STSAFE_HOST_KEYS_MISSING`; `STSAFE_ARGUMENT` for keys of another length
   */
  async openSession(keys: HostKeyPair, { signal }: CallOptions = {}): Promise<void> {
    await this.#queue.exclusive(async (channel) => {
      const { presence, type, counter } = await channel.queryHostKeySlot(signal)
      if (presence !== 1)
        throw new StsafeError('STSAFE_HOST_KEYS_MISSING', 'the chip has no host keys')
      const { counterWidth } = channel.deviceType
      channel.session = new HostSession({ ...keys, type, counter, counterWidth })
    })
  }

  /** Forgets the session; the chip never knew of it. */
  async closeSession(): Promise<void> {
    await this.#queue.exclusive(async (channel) => {
      channel.session = undefined
    })
  }

  /**
   * After a lost answer of a protected command: asks the chip for its counter and tells whether the command was counted,
   * that is, executed or refused. Nothing when no answer was lost. The next protected command does it by itself.
   * @throws StsafeError `STSAFE_OTHER_CHIP` when the serial number is not that of the chip that was opened
   */
  async resynchronise({ signal }: CallOptions = {}) {
    return this.#queue.exclusive((channel) => channel.settle(signal))
  }

  /** Power cycle or reset line, where the bus has them, and the boot time. Ends volatile contexts. */
  async restart(kind: 'power-cycle' | 'reset', { signal }: CallOptions = {}): Promise<void> {
    await this.#queue.exclusive((channel) => channel.link.restart(kind, signal))
  }

  async close(): Promise<void> {
    await this.#queue.exclusive((channel) => channel.link.close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Opens the part on a bus. The bus is closed with it, also when this fails.
 * @throws StsafeError
 */
export async function openStsafe(
  transport: Transport,
  options: StsafeOptions & CallOptions = {},
): Promise<Stsafe> {
  const chip = new Stsafe(transport, { deviceType: deviceTypes.A120, records: [] }, options)
  try {
    await chip.initialise(options)
    return chip
  } catch (error) {
    await transport.close()
    throw error
  }
}

function identify(data: ProductData): DeviceType {
  const [first] = data
  const type = first?.tag === ProductTag.maskId ? deviceTypeOf(first.value) : undefined
  if (type !== undefined) return type
  throw new StsafeError('STSAFE_UNKNOWN_PART', 'the mask of the part is none of an STSAFE-A')
}
