import { BytesError, fromBase64, parseJson, toBase64, type JsonValue } from '@keyline/bytes'

/** What a manager says, one JSON object a line. Source: provisioning-station section 6.6. */
export type ManagerMessage =
  | { readonly type: 'log'; readonly text: string }
  /** PKCS#10 DER of the board, in base64 on the line. */
  | { readonly type: 'csr'; readonly csr: Uint8Array }
  | {
      readonly type: 'result'
      /** 0: success; otherwise a code of provisioning-station section 6.4, or one of the manager's own. */
      readonly code: number
      readonly reason: string | undefined
      readonly message: string
    }

/** What the station answers to `csr`: base64 DER, or why there is none. */
export type StationAnswer =
  | { readonly type: 'certificate'; readonly dac: Uint8Array; readonly pai: Uint8Array }
  | { readonly type: 'refused'; readonly message: string }

const reasonForm = /^[a-z][a-z0-9-]{0,39}$/
const longestRequest = 16_384

/** @throws BytesError `BYTES_TEXT` */
export function decodeManagerMessage(line: string): ManagerMessage {
  const value = parseJson(line, 'the line', { maxDepth: 4 })
  if (!isObject(value)) throw wrong('it is no object')
  switch (textOf(value, 'type')) {
    case 'log':
      return { type: 'log', text: textOf(value, 'text') }
    case 'csr':
      return { type: 'csr', csr: requestOf(textOf(value, 'csr')) }
    case 'result':
      return {
        type: 'result',
        code: codeOf(value),
        reason: reasonOf(value),
        message: value['message'] === undefined ? '' : textOf(value, 'message'),
      }
    default:
      throw wrong('its type is none of log, csr, result')
  }
}

/** One line with its line end. */
export function encodeStationAnswer(answer: StationAnswer): string {
  const { type } = answer
  const value =
    type === 'certificate'
      ? { type, dac: toBase64(answer.dac), pai: toBase64(answer.pai) }
      : { type, message: answer.message }
  return `${JSON.stringify(value)}\n`
}

type JsonObject = { readonly [name: string]: JsonValue }

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: JsonObject, member: string): string {
  const text = value[member]
  if (typeof text === 'string') return text
  throw wrong(`${member} is no text`)
}

function requestOf(text: string): Uint8Array {
  if (text.length > longestRequest) throw wrong(`csr has more than ${longestRequest} characters`)
  return fromBase64(text, 'csr')
}

function codeOf(value: JsonObject): number {
  const { code } = value
  const isCode = typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= 0xffff
  if (isCode) return code
  throw wrong('code is no whole number of 0 to 65535')
}

function reasonOf(value: JsonObject): string | undefined {
  const { reason } = value
  if (reason === undefined || reason === null) return undefined
  if (typeof reason === 'string' && reasonForm.test(reason)) return reason
  throw wrong('reason is no word of a-z, 0-9 and -')
}

function wrong(message: string): BytesError {
  return new BytesError('BYTES_TEXT', message)
}
