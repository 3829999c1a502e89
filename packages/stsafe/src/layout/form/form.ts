import { concat, decode, encode, layout, type Field } from '@keyline/bytes'
import type { CommandEntry } from '../command.ts'

/**
 * What an execution leaves behind. `none`: the same question may be asked again. `volatile`: a context that a reset ends.
 * `stored`: memory, and a repetition leads to the same state. `once`: memory, and a repetition leads to another state
 * or is refused; after a lost answer the chip is asked before anything is repeated.
 */
export type Effect = 'none' | 'volatile' | 'stored' | 'once'

/** One declared form of a command: several share a code and differ in their selector. */
export interface CommandForm<Request, Response> {
  readonly command: CommandEntry
  readonly name: string
  /** Octets between header and fields: subject, sub-command or tag. */
  readonly selector: Uint8Array
  /** Section of the specification. */
  readonly section: string
  readonly effect: Effect
  readonly request: Field<Request>
  /** Where the division of a response needs more than its octets, the raw octets; a function beside the form divides. */
  readonly response: Field<Response>
}

/** For tables over all forms. */
export type AnyForm = CommandForm<unknown, unknown>

/** No fields. */
export const nothing = layout({})

interface FormInput<Request, Response> {
  readonly name: string
  readonly selector?: readonly number[]
  readonly section: string
  readonly effect?: Effect
  readonly request: Field<Request>
  readonly response: Field<Response>
}

export function form<Request, Response>(
  command: CommandEntry,
  input: FormInput<Request, Response>,
): CommandForm<Request, Response> {
  return {
    command,
    effect: 'none',
    ...input,
    selector: Uint8Array.from(input.selector ?? []),
  }
}

/** The payload of a command. @throws BytesError when a value does not fit its field */
export function encodeRequest<Request>(
  { name, selector, request }: CommandForm<Request, unknown>,
  value: Request,
): Uint8Array<ArrayBuffer> {
  const fields = encode(request, value, name)
  return selector.length === 0 ? fields : concat(selector, fields)
}

/** The fields of a payload whose selector was matched already. @throws BytesError */
export function decodeRequest<Request>(
  { name, selector, request }: CommandForm<Request, unknown>,
  payload: Uint8Array,
): Request {
  return decode(request, payload.subarray(selector.length), name)
}

/** @throws BytesError when a value does not fit its field */
export function encodeResponse<Response>(
  { name, response }: { readonly name: string; readonly response: Field<Response> },
  value: Response,
): Uint8Array<ArrayBuffer> {
  return encode(response, value, `${name} response`)
}

/** @throws BytesError when octets are missing, left over or out of range */
export function decodeResponse<Response>(
  { name, response }: { readonly name: string; readonly response: Field<Response> },
  payload: Uint8Array,
): Response {
  return decode(response, payload, `${name} response`)
}

export function hasSelector(
  { selector }: { readonly selector: Uint8Array },
  payload: Uint8Array,
): boolean {
  return selector.every((octet, index) => payload[index] === octet)
}
