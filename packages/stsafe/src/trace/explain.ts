import { BytesError, decode, toHex, type Field } from '@keyline/bytes'
import { commandOf } from '../layout/command.ts'
import { Form, formsOf } from '../layout/form/forms.ts'
import { decodeRequest, type AnyForm } from '../layout/form/form.ts'
import {
  announcedLength,
  decodeCommandFrame,
  decodeResponseFrame,
  macLength,
  type CommandFrame,
  type ResponseFrame,
} from '../layout/frame.ts'
import { Status, statusCodeOf } from '../layout/status.ts'
import type { TracedTransfer } from './bus-trace.ts'
import { TracedSession, type TraceKeys } from './traced-session.ts'

/** What one exchange of a trace says. */
export interface ExplainedExchange {
  /** I2C address of the chip, 7 bits. */
  readonly address: number
  /** Of the form, or of the command where its payload is encrypted or unknown. */
  readonly command: string
  /** As on the wire: one octet, or `1F` and the extended code. */
  readonly code: number | undefined
  readonly request: Payload
  /** Nothing when no response was read. */
  readonly response?: (Payload & { readonly status: string }) | undefined
  /** What is wrong with a frame. */
  readonly faults: readonly string[]
}

export interface Payload {
  readonly octets: Uint8Array
  /** Field by field, octets as hexadecimal digits; nothing where no form reads the payload. */
  readonly fields?: unknown
  /** Of a protected frame. */
  readonly mac?: 'right' | 'wrong' | 'not checked' | undefined
  readonly encrypted: boolean
}

/**
 * Explains a captured trace: a command frame with the last response that was read for it, in the order of the commands.
 * With the host keys MACs are verified and encrypted payloads shown; the counter comes from the answers of the chip. The
 * chips of one bus are told apart by their addresses, and the keys are tried on each.
 */
export function explainTrace(
  transfers: readonly TracedTransfer[],
  keys?: TraceKeys,
): readonly ExplainedExchange[] {
  const sessions = new Map<number, TracedSession>()
  return exchangesOf(transfers).map(({ address, frame, response }) => {
    const session = sessions.get(address) ?? (keys && new TracedSession(keys))
    if (session !== undefined) sessions.set(address, session)
    return { address, ...explain(frame, response, session) }
  })
}

interface RawExchange {
  readonly address: number
  readonly frame: Uint8Array
  /** The longest read that holds a whole response. */
  response: Uint8Array | undefined
}

function exchangesOf(transfers: readonly TracedTransfer[]): readonly RawExchange[] {
  const exchanges: RawExchange[] = []
  const lastOf = new Map<number, RawExchange>()
  for (const { address, direction, octets } of transfers) {
    if (octets.length === 0) continue
    if (direction === 'write') {
      const exchange: RawExchange = { address, frame: octets, response: undefined }
      exchanges.push(exchange)
      lastOf.set(address, exchange)
      continue
    }
    const last = lastOf.get(address)
    const length = announcedLength(octets)
    if (last !== undefined && length > 0 && octets.length >= Math.min(length, 5)) {
      last.response = octets.subarray(0, length)
    }
  }
  return exchanges
}

function explain(
  octets: Uint8Array,
  answer: Uint8Array | undefined,
  session: TracedSession | undefined,
): Omit<ExplainedExchange, 'address'> {
  const faults: string[] = []
  const command = decodeCommandFrame(octets)
  const response = answer === undefined ? undefined : decodeResponseFrame(answer)
  if (typeof command === 'string') faults.push(`command frame: ${command}`)
  if (typeof response === 'string') faults.push(`response frame: ${response}`)
  const heard = typeof response === 'object' ? response : undefined
  if (typeof command === 'string') {
    const request = { octets, encrypted: false }
    return { command: 'no command', code: undefined, request, response: plainAnswer(heard), faults }
  }
  const opened =
    (command.flags & 0x80) === 0
      ? { request: plainPayload(command.body), response: plainAnswer(heard) }
      : openProtected(command, heard, session)
  const form = formOf(command.code, opened.request, opened.response)
  const entry = commandOf(command.code)
  if (heard !== undefined && form !== undefined) {
    session?.learn(form, { request: opened.request.octets, response: heard })
  }
  return {
    command: form?.name ?? entry?.title ?? `unknown command ${command.code.toString(16)}`,
    code: command.code,
    request: withFields(opened.request, form?.request, form?.selector.length ?? 0),
    response: opened.response && {
      ...opened.response,
      ...withFields(opened.response, form?.response),
    },
    faults,
  }
}

type Answer = NonNullable<ExplainedExchange['response']>

function plainPayload(octets: Uint8Array): Payload {
  return { octets, encrypted: false }
}

function plainAnswer(response: ResponseFrame | undefined): Answer | undefined {
  return response && { ...plainPayload(response.payload), status: statusText(response.status) }
}

function openProtected(
  command: CommandFrame,
  response: ResponseFrame | undefined,
  session: TracedSession | undefined,
): { readonly request: Payload; readonly response: Answer | undefined } {
  const cut = Math.max(0, command.body.length - macLength)
  const sent = { header: command.header, payload: command.body.subarray(0, cut) }
  const mac = command.body.subarray(cut)
  const isRight = session?.isCommandMac(sent, mac)
  const request = session?.openCommand(sent) ?? { octets: sent.payload, encrypted: false }
  const verdict = isRight === undefined ? 'not checked' : isRight ? 'right' : 'wrong'
  if (response === undefined) return { request: { ...request, mac: verdict }, response: undefined }
  const status = statusText(response.status)
  session?.count(response.status, isRight === true)
  if (response.status !== Status.ok) {
    return {
      request: { ...request, mac: verdict },
      response: { ...plainPayload(response.payload), status },
    }
  }
  const end = Math.max(0, response.payload.length - macLength)
  const payload = response.payload.subarray(0, end)
  const answered = { command: sent, status: response.header, payload }
  const isAnswerRight = session?.isResponseMac(answered, response.payload.subarray(end))
  const opened = session?.openResponse(payload) ?? { octets: payload, encrypted: false }
  const answerMac = isAnswerRight === undefined ? 'not checked' : isAnswerRight ? 'right' : 'wrong'
  return { request: { ...request, mac: verdict }, response: { ...opened, mac: answerMac, status } }
}

/** The form that reads both payloads. Of several, the one with the most structure: it stands last in its table. */
function formOf(code: number, request: Payload, response: Answer | undefined): AnyForm | undefined {
  const isAnswered = response?.status === 'OK'
  return formsOf(code, request.octets)
    .toReversed()
    .find(
      (form) =>
        read(form.request, request.octets.subarray(form.selector.length)) !== undefined &&
        (!isAnswered || read(form.response, response.octets) !== undefined) &&
        (!isAnswered || form !== Form.readCounter || isCounterRead(request, response)),
    )
}

/** A counter stands before the data that were asked for. */
function isCounterRead(request: Payload, response: Answer): boolean {
  return response.octets.length === decodeRequest(Form.readCounter, request.octets).length + 4
}

function withFields(payload: Payload, field: Field<unknown> | undefined, skipped = 0): Payload {
  const fields = field && read(field, payload.octets.subarray(skipped))
  return fields === undefined ? payload : { ...payload, fields: readable(fields.value) }
}

function read(field: Field<unknown>, octets: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: decode(field, octets, 'payload') }
  } catch (error) {
    if (error instanceof BytesError) return undefined
    throw error
  }
}

/** The same value with octets as hexadecimal digits. */
function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(readable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, readable(item)]))
}

function statusText(status: number): string {
  return status === Status.ok ? 'OK' : (statusCodeOf(status) ?? `unknown status ${status}`)
}
