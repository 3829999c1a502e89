import type { JsonValue } from '@keyline/bytes'
import { IssuerError } from '../errors.ts'
import { requireOpen } from '../issue/require-open.ts'
import type { IssuanceOrder } from '../issue/issuance-store.ts'
import { readAnswer } from './http-issuer.ts'
import { jsonObjectOf, textMember, type JsonObject } from './json-object.ts'
import { callServer, type ServerApiOptions } from './server-api.ts'

/** A work order as the station has it, and who the station is. */
export interface OrderQuestion extends Pick<
  IssuanceOrder,
  'orderId' | 'vendorId' | 'productId' | 'policy'
> {
  readonly stationId: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks a server of ours whether it would issue under an order now, before a board is touched. What it says may change
 * at any moment: each certificate is decided anew.
 * @throws IssuerError with the code that every request would end with: `ISSUER_ORDER_UNKNOWN`, `ISSUER_ORDER_CLOSED`,
 * `ISSUER_ORDER_PAUSED`, `ISSUER_ORDER_WINDOW`, `ISSUER_STATION_REFUSED`, `ISSUER_STATION_UNTRUSTED`,
 * `ISSUER_QUOTA_REACHED`, `ISSUER_POLICY_MISMATCH`, `ISSUER_RULE_BROKEN`
 */
export async function requireOrderOpen(
  api: ServerApiOptions,
  { stationId, signal, ...own }: OrderQuestion,
): Promise<void> {
  const path = `/v1/orders/${encodeURIComponent(own.orderId)}`
  const answer = await callServer(api, { method: 'GET', path, signal })
  const order = readAnswer(`GET ${path}`, () => readOrder(answer, own.orderId))
  if (order.policy !== own.policy) {
    const message = `order ${own.orderId} has the policy ${own.policy} here and ${order.policy} at the issuer`
    throw new IssuerError('ISSUER_POLICY_MISMATCH', message)
  }
  const ids = [own, order].map(({ vendorId, productId }) => `${hex(vendorId)} ${hex(productId)}`)
  if (ids[0] !== ids[1]) {
    const message = `order ${own.orderId} is for ${ids.join(' here, and at the issuer for ')}`
    throw new IssuerError('ISSUER_RULE_BROKEN', message)
  }
  requireOpen(order, stationId, api.clock.now())
}

/** The order of an answer. @throws IssuerError `ISSUER_ANSWER_MALFORMED` */
export function readOrder(answer: JsonValue, orderId: string): IssuanceOrder {
  const order = jsonObjectOf(answer, 'order')
  return {
    orderId,
    vendorId: numberMember(order, 'vendorId'),
    productId: numberMember(order, 'productId'),
    policy: oneOf(order, 'policy', ['test', 'production']),
    state: oneOf(order, 'state', ['open', 'paused', 'closed']),
    certificateLimit: numberMember(order, 'certificateLimit'),
    certificatesUsed: numberMember(order, 'certificatesUsed'),
    stations: namesMember(order, 'stations'),
    opens: momentMember(order, 'opens'),
    closes: momentMember(order, 'closes'),
  }
}

function numberMember(object: JsonObject, member: string): number {
  const value = object.get(member)
  if (typeof value === 'number') return value
  throw malformed(`the member "${member}" is no number`)
}

function oneOf<T extends string>(object: JsonObject, member: string, known: readonly T[]): T {
  const value = textMember(object, member)
  const found = known.find((one) => one === value)
  if (found !== undefined) return found
  throw malformed(`the member "${member}" is "${value.slice(0, 64)}"`)
}

function namesMember(object: JsonObject, member: string): readonly string[] | undefined {
  const value = object.get(member)
  if (value === undefined) return undefined
  const names = Array.isArray(value)
    ? value.flatMap((one) => (typeof one === 'string' ? one : []))
    : []
  if (Array.isArray(value) && names.length === value.length) return names
  throw malformed(`the member "${member}" is no list of names`)
}

function momentMember(object: JsonObject, member: string): number | undefined {
  if (!object.has(member)) return undefined
  const time = Date.parse(textMember(object, member))
  if (!Number.isNaN(time)) return time
  throw malformed(`the member "${member}" is no time`)
}

function malformed(what: string): IssuerError {
  return new IssuerError('ISSUER_ANSWER_MALFORMED', what)
}

function hex(id: number): string {
  return `0x${id.toString(16).toUpperCase().padStart(4, '0')}`
}
