import { toHexUpper } from '@keyline/bytes'
import type { ExplainedExchange, Payload } from '@keyline/stsafe'

/** What stands in the way of believing a trace. */
export interface TraceSummary {
  readonly exchanges: number
  readonly brokenFrames: number
  readonly wrongMacs: number
  readonly unansweredCommands: number
}

export function summaryOf(exchanges: readonly ExplainedExchange[]): TraceSummary {
  const macs = exchanges.flatMap(({ request, response }) => [request.mac, response?.mac])
  return {
    exchanges: exchanges.length,
    brokenFrames: exchanges.filter(({ faults }) => faults.length > 0).length,
    wrongMacs: macs.filter((mac) => mac === 'wrong').length,
    unansweredCommands: exchanges.filter(({ response }) => response === undefined).length,
  }
}

/** An exchange in three lines: the command, what the host said, what the chip said. */
export function exchangeText(exchange: ExplainedExchange, index: number): string {
  const { command, code, request, response, faults } = exchange
  const number = String(index + 1).padStart(3)
  const hex = code === undefined ? '' : ` (${code.toString(16).toUpperCase().padStart(2, '0')})`
  const lines = [
    [`${number}  ${command}${hex}`, ...faults].join('  '),
    `     host  ${payloadText(request)}`,
    response === undefined
      ? '     chip  no answer'
      : `     chip  ${[response.status, payloadText(response)].join('  ').trimEnd()}`,
  ]
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}

function payloadText(payload: Payload): string {
  const content = payload.fields === undefined ? octetsText(payload) : fieldsOf(payload.fields)
  const marks = [
    payload.encrypted ? 'encrypted' : '',
    payload.mac === undefined ? '' : `MAC ${payload.mac === 'wrong' ? 'WRONG' : payload.mac}`,
  ]
  return [content, ...marks].filter((text) => text !== '').join('  ')
}

function octetsText({ octets }: Payload): string {
  return octets.length === 0 ? '' : `[${toHexUpper(octets)}]`
}

const longestList = 6

/** `slot=0 macLength=4`; what lies deeper has its path before it. */
function fieldsOf(value: unknown, path = ''): string {
  if (Array.isArray(value) && value.length > longestList) {
    return named(path, `${value.length} entries`)
  }
  if (typeof value !== 'object' || value === null) return named(path, String(value))
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([name, item]) =>
      fieldsOf(item, Array.isArray(value) ? `${path}[${name}]` : joined(path, name)),
    )
    .filter((text) => text !== '')
    .join(' ')
}

function named(path: string, text: string): string {
  return path === '' ? text : `${path}=${text}`
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** For machines: octets as hexadecimal digits. */
export function exchangeDocument({ request, response, ...rest }: ExplainedExchange): object {
  return {
    ...rest,
    request: payloadDocument(request),
    response: response && payloadDocument(response),
  }
}

function payloadDocument(payload: Payload): object {
  return { ...payload, octets: toHexUpper(payload.octets).toLowerCase() }
}
