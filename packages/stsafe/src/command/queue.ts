import type { Field } from '@keyline/bytes'
import type { DeviceType } from '../layout/device.ts'
import type { AnyForm, CommandForm } from '../layout/form/form.ts'
import type { CommandChannel, CommandOptions, CommandRunner } from './channel.ts'

/**
 * Lets commands of several callers onto one channel in the order in which they came. A sequence that must not be
 * interrupted (KEK session, hash, cipher in chunks) takes the channel for itself.
 */
export class CommandQueue implements CommandRunner {
  readonly #channel: CommandChannel
  #last: Promise<unknown> = Promise.resolve()

  constructor(channel: CommandChannel) {
    this.#channel = channel
  }

  get deviceType(): DeviceType {
    return this.#channel.deviceType
  }

  run<Request, Response>(
    form: CommandForm<Request, Response>,
    request: Request,
    options?: CommandOptions,
  ): Promise<Response> {
    return this.exclusive((channel) => channel.run(form, request, options))
  }

  runAs<Request, Response>(
    form: CommandForm<Request, unknown>,
    request: Request,
    response: Field<Response>,
    options?: CommandOptions,
  ): Promise<Response> {
    return this.exclusive((channel) => channel.runAs(form, request, response, options))
  }

  roomOf(form: AnyForm, options?: CommandOptions): number {
    return this.#channel.roomOf(form, options)
  }

  /** Runs a sequence to which no other command comes in between. It must use the channel that it is given. */
  exclusive<T>(work: (channel: CommandChannel) => Promise<T>): Promise<T> {
    const result = this.#last.then(() => work(this.#channel))
    this.#last = result.catch(() => undefined)
    return result
  }
}
