import type { VectorReader } from './vector-reader.ts'

/** Who has to show a case: the library of the host, the chip in software, or each of them. */
export type Side = 'host' | 'chip'

const both: readonly Side[] = ['host', 'chip']

/** Names and descriptions of the cases whose responses were put in for the host, by group. */
const injectedCases: Readonly<Record<string, RegExp>> = {
  framing: /^(?:status|response)-/,
  'host-session': /^comm-error-no-increment:|\b(?:altered|tampered)\b/i,
}

/** Put Attribute with the table of access conditions, and with that of encryption flags. */
const tableFrames = /^10(?:29|2a)/i

/** The sides that section 10 names for a case; there is always one. */
export function sidesOf(json: VectorReader): readonly Side[] {
  if (json.has('kind')) return both
  if (json.texts('api')[0]?.startsWith('(raw frame') === true) {
    const [exchange] = json.objects('exchanges')
    // The host makes tables out of records; any other frame only a chip can be given.
    return exchange !== undefined && tableFrames.test(exchange.text('request')) ? both : ['chip']
  }
  if (isInjected(json)) return ['host']
  // Without an answer there is nothing that a chip could give: nothing was sent, or nothing acknowledged.
  const isAnswered = json.objects('exchanges').some((exchange) => exchange.holds('response'))
  return isAnswered ? both : ['host']
}

function isInjected(json: VectorReader): boolean {
  const description = json.has('description') ? json.text('description') : ''
  const injected = injectedCases[json.text('group')]
  return injected?.test(`${json.text('name')}: ${description}`) === true
}

/** Name of the result that a side owes for a case. */
export function resultId(side: Side, json: VectorReader): string {
  return `${side} ${json.text('name')}`
}
