import { IssuerError } from '../errors.ts'
import type { IssuanceOrder } from './issuance-store.ts'

/**
 * Answers early what the record decides: state, time, stations and quota of an order.
 * @param now wall time, milliseconds since 1970
 * @throws IssuerError `ISSUER_ORDER_CLOSED`, `ISSUER_ORDER_PAUSED`, `ISSUER_ORDER_WINDOW`, `ISSUER_STATION_REFUSED`,
 * `ISSUER_QUOTA_REACHED`
 */
export function requireOpen(
  order: IssuanceOrder,
  stationId: string | undefined,
  now: number,
): void {
  const { orderId, stations } = order
  if (order.state === 'closed') {
    throw new IssuerError('ISSUER_ORDER_CLOSED', `order ${orderId} is closed`)
  }
  if (order.state === 'paused') {
    throw new IssuerError('ISSUER_ORDER_PAUSED', `order ${orderId} is paused`)
  }
  const { opens = -Infinity, closes = Infinity } = order
  if (now < opens || now >= closes) {
    const [from, to, is] = [order.opens, order.closes, now].map(momentText)
    const message = `order ${orderId} is open from ${from} to ${to}, and it is ${is}`
    throw new IssuerError('ISSUER_ORDER_WINDOW', message)
  }
  if (stations !== undefined && !stations.includes(stationId ?? '')) {
    const message = `order ${orderId} belongs to ${stations.join(', ')}, not to ${stationId ?? 'a request without a station'}`
    throw new IssuerError('ISSUER_STATION_REFUSED', message)
  }
  if (order.certificatesUsed < order.certificateLimit) return
  const message = `order ${orderId} has used ${order.certificatesUsed} of ${order.certificateLimit} certificates`
  throw new IssuerError('ISSUER_QUOTA_REACHED', message)
}

function momentText(time: number | undefined): string {
  return time === undefined ? 'any time' : new Date(time).toISOString()
}
