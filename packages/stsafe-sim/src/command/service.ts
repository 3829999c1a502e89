import { BytesError } from '@keyline/bytes'
import {
  decodeRequest,
  encodeResponse,
  hasSelector,
  Status,
  type AnyForm,
  type CommandForm,
} from '@keyline/stsafe/layout'
import type { Context } from './context.ts'
import { Refusal } from './refusal.ts'

/** One form of a command and what the chip does for it. */
export interface Service {
  readonly form: Pick<AnyForm, 'command' | 'selector'>
  /** Payload in, payload out. @throws Refusal */
  run(context: Context, payload: Uint8Array): Uint8Array
}

/** Decodes the request by its form, works, encodes the response by its form. */
export function service<Request, Response>(
  form: CommandForm<Request, Response>,
  work: (context: Context, request: Request) => Response,
): Service {
  return {
    form,
    run(context, payload) {
      const request = parsed(() => decodeRequest(form, payload))
      return fitting(form, work(context, request))
    },
  }
}

/** @throws Refusal `06` for a response that no frame can hold */
function fitting<Response>(
  form: Pick<CommandForm<unknown, Response>, 'name' | 'response'>,
  response: Response,
): Uint8Array {
  try {
    return encodeResponse(form, response)
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw new Refusal(Status.bufferLengthExceeded)
  }
}

/** A service whose form follows from the contents of the chip: the mode of a key, the type of a zone. */
export function serviceBy(
  form: AnyForm,
  select: (context: Context, fields: Uint8Array) => Service,
): Service {
  return {
    form,
    run: (context, payload) =>
      select(context, payload.subarray(form.selector.length)).run(context, payload),
  }
}

/**
 * What does not parse is inconsistent (02); a value that a field does not know is out of range (03).
 * @throws Refusal
 */
export function parsed<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw new Refusal(
      error.code === 'BYTES_RANGE' ? Status.valueOutOfRange : Status.inconsistentCommandData,
    )
  }
}

/** The service that a payload asks for. @throws Refusal `02` for a payload cut in its selector, `03` for an unknown one */
export function serviceFor(services: readonly Service[], payload: Uint8Array): Service {
  const found = services.find(({ form }) => hasSelector(form, payload))
  if (found !== undefined) return found
  const isCut = services.every(({ form }) => payload.length < form.selector.length)
  throw new Refusal(isCut ? Status.inconsistentCommandData : Status.valueOutOfRange)
}
