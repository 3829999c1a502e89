import { BytesError, decode, equalOctets, throwIfInterrupted, type Field } from '@keyline/bytes'
import type { Link } from '../bus/link.ts'
import { StsafeError } from '../errors.ts'
import { exchangeFrame, type FrameExchange } from '../frame/exchange.ts'
import { stNumberIn } from '../layout/attribute.ts'
import type { DeviceType } from '../layout/device.ts'
import { encodeRequest, type AnyForm, type CommandForm } from '../layout/form/form.ts'
import { Form } from '../layout/form/forms.ts'
import { authenticatedFlags, commandHeader, type ResponseFrame } from '../layout/frame.ts'
import { maxCommandPayload } from '../layout/session.ts'
import { Status, statusCodeOf, statusTable } from '../layout/status.ts'
import type { Encryption, HostSession } from '../session/host-session.ts'
import { protectionOf, type CommandPolicies } from './policy.ts'

export interface CommandOptions {
  /** `host`: with MACs even where the command table says free, because a zone asks for it (section 3.6.5). */
  readonly protection?: 'host' | undefined
  readonly signal?: AbortSignal | undefined
}

/** Runs commands one after the other. */
export interface CommandRunner {
  readonly deviceType: DeviceType
  /** @throws StsafeError `CHIP_…` for a refusal, `STSAFE_…` for all else */
  run<Request, Response>(
    form: CommandForm<Request, Response>,
    request: Request,
    options?: CommandOptions,
  ): Promise<Response>
  /** The same where the division of the response follows from the request. */
  runAs<Request, Response>(
    form: CommandForm<Request, unknown>,
    request: Request,
    response: Field<Response>,
    options?: CommandOptions,
  ): Promise<Response>
  /** Greatest payload of a command in octets, as the command is sent now. */
  roomOf(form: AnyForm, options?: CommandOptions): number
}

export interface ChannelInput {
  readonly link: Link
  readonly deviceType: DeviceType
  readonly policies: CommandPolicies
}

/** Commands over one link, protected as the authorization table says. It does not queue: see {@link CommandQueue}. */
export class CommandChannel implements CommandRunner {
  readonly link: Link
  deviceType: DeviceType
  policies: CommandPolicies
  session: HostSession | undefined
  /** Serial number of the part that was identified. */
  stNumber: Uint8Array | undefined

  constructor({ link, deviceType, policies }: ChannelInput) {
    this.link = link
    this.deviceType = deviceType
    this.policies = policies
  }

  async run<Request, Response>(
    form: CommandForm<Request, Response>,
    request: Request,
    options?: CommandOptions,
  ): Promise<Response> {
    return this.runAs(form, request, form.response, options)
  }

  async runAs<Request, Response>(
    form: CommandForm<Request, unknown>,
    request: Request,
    response: Field<Response>,
    options: CommandOptions = {},
  ): Promise<Response> {
    const payload = payloadOf(form, request)
    const protection = protectionOf(this.policies, form.command, options.protection === 'host')
    const answer =
      protection === undefined
        ? await this.#runPlain(form, payload, options.signal)
        : await this.#runProtected(form, payload, protection, options.signal)
    return judged(form, () => decoded(form.name, response, answer))
  }

  roomOf({ command }: AnyForm, options: CommandOptions = {}): number {
    const protection = protectionOf(this.policies, command, options.protection === 'host')
    const kind = protection === undefined ? 'none' : protection.command ? 'encrypted' : 'mac'
    return maxCommandPayload(this.deviceType.maxFrame, commandHeader(command.code).length, kind)
  }

  /**
   * Asks the chip for its counter after a lost answer (section 4.5) and tells whether it counted the command. A counter
   * is taken over from the chip that was opened, and from no other.
   * @returns nothing when no answer was lost
   * @throws StsafeError `STSAFE_OTHER_CHIP`
   */
  async settle(
    signal?: AbortSignal,
  ): Promise<ReturnType<HostSession['resynchronise']> | undefined> {
    if (this.session?.isInDoubt !== true) return undefined
    await this.requireSamePart(signal)
    return this.session.resynchronise((await this.queryHostKeySlot(signal)).counter)
  }

  /** @throws StsafeError `STSAFE_OTHER_CHIP` when the serial number is not that of the part that was identified */
  async requireSamePart(signal?: AbortSignal): Promise<void> {
    const { stNumber } = this
    if (stNumber === undefined) return
    const present = stNumberIn(await this.#query(Form.queryProductData, signal))
    if (present !== undefined && equalOctets(present, stNumber)) return
    const message = `the chip on ${this.link.name} is not the one that was opened there`
    throw new StsafeError('STSAFE_OTHER_CHIP', message)
  }

  /** The host key slot in the format of the part; V1 holds AES-128 keys. */
  async queryHostKeySlot(signal?: AbortSignal) {
    if (this.deviceType.counterWidth === 4) return this.#query(Form.queryHostKeySlotV2, signal)
    const slot = await this.#query(Form.queryHostKeySlotV1, signal)
    return { ...slot, type: 'AES-128' as const }
  }

  /** In plain whatever the table says: what settles a session cannot wait for it. */
  async #query<Response>(
    form: CommandForm<object, Response>,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const answer = await this.#runPlain(form, payloadOf(form, {}), signal)
    return decoded(form.name, form.response, answer)
  }

  async #runPlain(
    form: AnyForm,
    payload: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const header = commandHeader(form.command.code)
    const response = await this.#exchange(form, { header, payload, signal })
    if (response.status !== Status.ok) throw refusal(form, response)
    return response.payload
  }

  async #runProtected(
    form: AnyForm,
    payload: Uint8Array,
    encryption: Encryption,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const { session } = this
    if (session === undefined) {
      throw new StsafeError('STSAFE_SESSION_MISSING', `${form.name} needs a host session`)
    }
    await this.settle(signal)
    const header = commandHeader(form.command.code, authenticatedFlags)
    const exchange = session.protect(header, payload, encryption)
    const sent = { ...exchange.command, mac: exchange.mac, signal }
    const response = await this.#exchange(form, sent, session)
    if (response.status === Status.ok) {
      return judged(form, () => {
        try {
          return session.accept(exchange, response)
        } catch (error) {
          this.#doubt(form, session)
          throw error
        }
      })
    }
    session.countRefusal(
      response.status !== Status.invalidCommandMac && response.status !== Status.communicationError,
    )
    // With right keys the counters are apart, or another chip answers: the next command finds out.
    if (response.status === Status.invalidCommandMac) session.doubt()
    throw refusal(form, response)
  }

  /**
   * An answer that was lost leaves the session in doubt, and the outcome of a command that cannot be repeated unknown:
   * the answer of such a command is waited for even when the signal fires.
   */
  async #exchange(
    form: AnyForm,
    command: Omit<FrameExchange, 'maxFrame' | 'nominalMs'>,
    session?: HostSession,
  ): Promise<ResponseFrame> {
    throwIfInterrupted(command.signal)
    const signal = form.effect === 'once' ? undefined : command.signal
    try {
      const { maxFrame } = this.deviceType
      const { nominalMs } = form.command
      return await exchangeFrame(this.link, { ...command, signal, maxFrame, nominalMs })
    } catch (error) {
      if (error instanceof StsafeError && error.details['sent'] === false) throw error
      this.#doubt(form, session)
      throw uncertain(form, error)
    }
  }

  /** A plain command leaves the session out of it, unless it brings other keys. */
  #doubt(form: AnyForm, session: HostSession | undefined): void {
    if (hostKeyWrites.has(form)) this.session?.doubt('counter-and-keys')
    else session?.doubt()
  }
}

/** Protected or not, each makes other keys those of the session. */
const hostKeyWrites = new Set<AnyForm>([
  Form.putHostKeysV1,
  Form.writeHostKeyPlaintext,
  Form.writeHostKeyWrapped,
  Form.establishHostKey,
])

/** Reads an answer of status 00. One that cannot be believed leaves open what the command has done. */
function judged<T>(form: AnyForm, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw uncertain(form, error)
  }
}

/** Of a command that must not happen twice, an answer that was lost or cannot be believed is an unknown outcome. */
function uncertain(form: AnyForm, error: unknown): unknown {
  if (form.effect !== 'once' || !(error instanceof StsafeError)) return error
  const message = `the answer of ${form.name} was lost: ${error.message}`
  const details = { command: form.name, reason: error.code }
  return new StsafeError('STSAFE_OUTCOME_UNKNOWN', message, { cause: error, details })
}

function payloadOf<Request>(form: CommandForm<Request, unknown>, request: Request): Uint8Array {
  try {
    return encodeRequest(form, request)
  } catch (cause) {
    throw refuse(cause, 'STSAFE_ARGUMENT')
  }
}

function decoded<Response>(name: string, response: Field<Response>, answer: Uint8Array): Response {
  try {
    return decode(response, answer, `${name} response`)
  } catch (cause) {
    throw refuse(cause, 'STSAFE_RESPONSE')
  }
}

function refuse(cause: unknown, code: 'STSAFE_ARGUMENT' | 'STSAFE_RESPONSE'): unknown {
  return cause instanceof BytesError ? new StsafeError(code, cause.message, { cause }) : cause
}

function refusal(form: AnyForm, { status }: ResponseFrame): StsafeError {
  const code = statusCodeOf(status)
  const octet = status.toString(16).toUpperCase().padStart(2, '0')
  const details = { status, command: form.name }
  if (code === undefined) {
    const message = `the chip answers ${form.name} with the unknown status ${octet}`
    return new StsafeError('CHIP_STATUS_UNKNOWN', message, { details })
  }
  const meaning = statusTable[code].meaning.replace(/\.$/, '')
  const message = `the chip refuses ${form.name} with status ${octet}: ${meaning}`
  return new StsafeError(code, message, { details })
}
