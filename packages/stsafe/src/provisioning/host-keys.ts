import { equalOctets, Secret, type ValueOf } from '@keyline/bytes'
import {
  confirmPermanent,
  requireLength,
  type CallOptions,
  type ChipContext,
  type PermanentOptions,
} from '../chip/context.ts'
import type { CommandChannel } from '../command/channel.ts'
import { StsafeError } from '../errors.ts'
import type { CurveName } from '../layout/algorithm.ts'
import { hostKeyLength, type HostKeyControl, type HostKeyType } from '../layout/attribute.ts'
import { encodeHostKeyEnvelope, hostKeyInfo } from '../layout/envelope.ts'
import { Form } from '../layout/form/forms.ts'
import type { publicKeyFlags } from '../layout/asymmetric-key.ts'
import { HostSession, type HostKeyPair } from '../session/host-session.ts'
import { agree, authenticate, derive, withKekSession, type Authenticator } from './agreement.ts'

const proofLength = 8

/** A pair of host keys and their type. The owner wipes them. */
export interface TypedHostKeys extends HostKeyPair {
  readonly type: HostKeyType
}

export interface HostKeySlot {
  readonly presence: boolean
  readonly type: HostKeyType
  /** C-MAC counter. */
  readonly counter: number
}

export interface WrappedOptions extends CallOptions {
  /** Curve of the agreement; any but Ed25519. */
  readonly curve: CurveName
  readonly authenticator?: Authenticator | undefined
}

export interface EstablishOptions<Keys> extends WrappedOptions {
  /**
   * Gets the keys before the chip is told to take them: kept now, they survive a lost answer and a power cut. What it throws
   * ends the agreement.
   */
  readonly onAgreed?: ((keys: Keys) => Promise<void> | void) | undefined
}

/** Keys of the host channel: state, control fields, and every way to write them (sections 5.1 to 5.7). */
export class HostKeyService {
  readonly #context: ChipContext

  constructor(context: ChipContext) {
    this.#context = context
  }

  /** Replaces `stsafea_query_host_key_v2`, and `stsafea_query_host_key` on A100 and A110. */
  async slot({ signal }: CallOptions = {}): Promise<HostKeySlot> {
    return this.#context.queue.exclusive(async (channel) => {
      const { presence, type, counter } = await channel.queryHostKeySlot(signal)
      return { presence: presence === 1, type, counter }
    })
  }

  /** Replaces `stsafea_query_host_key_provisioning_ctrl_fields`. */
  async control(options?: CallOptions): Promise<HostKeyControl> {
    return this.#context.queue.run(Form.queryHostKeyControl, {}, options)
  }

  /** Replaces `stsafea_put_host_key_provisioning_ctrl_fields`. */
  async putControl(control: HostKeyControl, options: PermanentOptions = {}): Promise<void> {
    if (!control.allowed.changeRight) {
      const what = 'the control fields of the host key slot can never be changed again'
      confirmPermanent(this.#context, what, options)
    }
    await this.#context.queue.run(Form.putHostKeyControl, control, options)
  }

  /** Writes the keys as they are, over the bus in plain. Replaces `stse_host_key_provisioning`. */
  async provision(keys: TypedHostKeys, { signal }: CallOptions = {}): Promise<void> {
    requireKeys(keys)
    await this.#context.queue.exclusive(async (channel) => {
      const [macKey, cipherKey] = [keys.macKey.reveal(), keys.cipherKey.reveal()]
      if (channel.deviceType.extendedCommands) {
        const request = { type: keys.type, macKey, cipherKey }
        await channel.run(Form.writeHostKeyPlaintext, request, { signal })
      } else {
        await channel.run(Form.putHostKeysV1, { macKey, cipherKey }, { signal })
      }
      renewSession(channel, keys)
    })
  }

  /**
   * Writes the keys in an envelope under a volatile KEK. Replaces `stse_host_key_provisioning_wrapped` and, with an
   * authenticator, `…_wrapped_authenticated`.
   */
  async provisionWrapped(keys: TypedHostKeys, options: WrappedOptions): Promise<void> {
    requireKeys(keys)
    await this.#context.queue.exclusive((channel) =>
      withKekSession(this.#context, channel, options, async (kek) => {
        const { type, macKey, cipherKey } = keys
        using inside = new Secret(
          encodeHostKeyEnvelope({ type, macKey: macKey.reveal(), cipherKey: cipherKey.reveal() }),
        )
        const request = { envelope: kek.wrap(inside) }
        await channel.run(Form.writeHostKeyWrapped, request, { signal: options.signal })
        renewSession(channel, keys)
      }),
    )
  }

  /**
   * True when the chip holds these keys: it answers an echo under them. Costs one step of its counter if they are right,
   * none if they are wrong. After an unknown outcome this tells the old keys from the new ones.
   * @throws StsafeError `STSAFE_OTHER_CHIP` when the serial number is not that of the chip that was opened
   */
  async prove(keys: HostKeyPair, { signal }: CallOptions = {}): Promise<boolean> {
    return this.#context.queue.exclusive(async (channel) => {
      const areHeld = await this.#areHeld(channel, keys, signal)
      // Behind the proof: a chip that was put in before would have given it.
      await channel.requireSamePart(signal)
      return areHeld
    })
  }

  /**
   * Agrees on fresh keys by ECDHE and returns them: this is the only time that they can be had. With an authenticator its
   * slot is asked first. Replaces `stse_establish_host_key` and `…_authenticated`.
   */
  async establish(
    type: HostKeyType,
    options: EstablishOptions<TypedHostKeys>,
  ): Promise<TypedHostKeys> {
    const { curve, authenticator, onAgreed, signal } = options
    return this.#context.queue.exclusive(async (channel) => {
      if (authenticator !== undefined) {
        const slot = await channel.run(
          Form.queryPublicKeySlot,
          { slot: authenticator.slot },
          { signal },
        )
        requireSigner(authenticator.slot, slot.key !== undefined, slot.flags)
      }
      const { keys, secret } = await agree(this.#context, channel, curve, signal)
      const length = hostKeyLength[type]
      using stream = derive(secret, hostKeyInfo(keys), 2 * length)
      secret.wipe()
      const authentication = await authenticate(authenticator, keys)
      const request = { host: keys.host, type, authentication }
      const established = {
        type,
        macKey: new Secret(stream.reveal().slice(0, length)),
        cipherKey: new Secret(stream.reveal().slice(length)),
      }
      await onAgreed?.(established)
      await channel.run(Form.establishHostKey, request, { signal })
      renewSession(channel, established)
      return established
    })
  }

  /** An echo under the keys. A session that is open stays as it is, but asks for the counter before it goes on. */
  async #areHeld(
    channel: CommandChannel,
    keys: HostKeyPair,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const { presence, type, counter } = await channel.queryHostKeySlot(signal)
    const length = hostKeyLength[type]
    if (presence !== 1 || keys.macKey.length !== length) return false
    const before = channel.session
    const { counterWidth } = channel.deviceType
    channel.session = new HostSession({ ...keys, type, counter, counterWidth })
    try {
      const data = this.#context.random.bytes(proofLength)
      const options = { protection: 'host', signal } as const
      return equalOctets((await channel.run(Form.echo, { data }, options)).data, data)
    } catch (error) {
      if (!(error instanceof StsafeError) || error.code !== 'CHIP_COMMAND_MAC') throw error
      // A wrong MAC means wrong keys only if the counter was right.
      if ((await channel.queryHostKeySlot(signal)).counter === counter) return false
      throw error
    } finally {
      // The chip may have counted this echo: a session that was open asks it before its next command.
      before?.doubt()
      channel.session = before
    }
  }
}

function requireKeys({ type, macKey, cipherKey }: TypedHostKeys): void {
  requireLength('the MAC key', macKey.reveal(), hostKeyLength[type])
  requireLength('the cipher key', cipherKey.reveal(), hostKeyLength[type])
}

function requireSigner(
  slot: number,
  isPresent: boolean,
  flags: ValueOf<typeof publicKeyFlags>,
): void {
  if (!isPresent) throw new StsafeError('STSAFE_KEY_NOT_FOUND', `public key slot ${slot} is empty`)
  if (flags.establishHostKey) return
  const message = `public key slot ${slot} has no flag to establish host keys`
  throw new StsafeError('STSAFE_SIGNER_SLOT', message)
}

/** New keys start with counter 0; a session under the old ones would be refused (section 4.7). */
function renewSession(channel: CommandChannel, keys: TypedHostKeys): void {
  if (channel.session === undefined) return
  const { counterWidth } = channel.deviceType
  channel.session = new HostSession({ ...keys, counter: 0, counterWidth })
}
