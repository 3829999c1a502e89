import { BytesError, decode, type Field } from '@keyline/bytes'
import type { Link } from '../bus/link.ts'
import { StsafeError } from '../errors.ts'
import { exchangeFrame, type FrameExchange } from '../frame/exchange.ts'
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
    try {
      return decode(response, answer, `${form.name} response`)
    } catch (cause) {
      throw refuse(cause, 'STSAFE_RESPONSE')
    }
  }

  roomOf({ command }: AnyForm, options: CommandOptions = {}): number {
    const protection = protectionOf(this.policies, command, options.protection === 'host')
    const kind = protection === undefined ? 'none' : protection.command ? 'encrypted' : 'mac'
    return maxCommandPayload(this.deviceType.maxFrame, commandHeader(command.code).length, kind)
  }

  /**
   * Asks the chip for its counter after a lost answer (section 4.5) and tells whether it counted the command.
   * @returns nothing when no answer was lost
   */
  async settle(
    signal?: AbortSignal,
  ): Promise<ReturnType<HostSession['resynchronise']> | undefined> {
    if (this.session?.isInDoubt !== true) return undefined
    return this.session.resynchronise((await this.queryHostKeySlot(signal)).counter)
  }

  /** The host key slot in the format of the part; V1 holds AES-128 keys. */
  async queryHostKeySlot(signal?: AbortSignal) {
    if (this.deviceType.counterWidth === 4) return this.run(Form.queryHostKeySlotV2, {}, { signal })
    const slot = await this.run(Form.queryHostKeySlotV1, {}, { signal })
    return { ...slot, type: 'AES-128' as const }
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
    if (response.status === Status.ok) return session.accept(exchange, response)
    session.countRefusal(
      response.status !== Status.invalidCommandMac && response.status !== Status.communicationError,
    )
    throw refusal(form, response)
  }

  /** An answer that was lost leaves the session in doubt, and the outcome of a command that cannot be repeated unknown. */
  async #exchange(
    form: AnyForm,
    command: Omit<FrameExchange, 'maxFrame' | 'nominalMs'>,
    session?: HostSession,
  ): Promise<ResponseFrame> {
    try {
      const { maxFrame } = this.deviceType
      const { nominalMs } = form.command
      return await exchangeFrame(this.link, { ...command, maxFrame, nominalMs })
    } catch (error) {
      if (error instanceof StsafeError && error.details['sent'] === false) throw error
      session?.doubt()
      if (form.effect !== 'once' || !(error instanceof StsafeError)) throw error
      const message = `the answer of ${form.name} was lost: ${error.message}`
      const details = { command: form.name, reason: error.code }
      throw new StsafeError('STSAFE_OUTCOME_UNKNOWN', message, { cause: error, details })
    }
  }
}

function payloadOf<Request>(form: CommandForm<Request, unknown>, request: Request): Uint8Array {
  try {
    return encodeRequest(form, request)
  } catch (cause) {
    throw refuse(cause, 'STSAFE_ARGUMENT')
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
