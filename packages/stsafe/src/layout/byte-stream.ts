import { concat } from '@keyline/bytes'

/** What a host asks of a simulator in another process (section 1.7). */
export type BusRequest =
  | { readonly kind: 'write'; readonly data: Uint8Array }
  | { readonly kind: 'read'; readonly length: number }
  | { readonly kind: 'power-cycle' }
  | { readonly kind: 'reset' }

export type BusAnswer =
  | { readonly kind: 'done'; readonly data: Uint8Array }
  | { readonly kind: 'nack' }
  | { readonly kind: 'bus-error' }

/** Above the frame limits on purpose, so that those can be tested through the stream. */
export const maxTransfer = 4096

/** An incomplete request is given up after this time. */
export const requestDeadlineMs = 5000

const requestCodes = { write: 1, read: 2, 'power-cycle': 3, reset: 4 } as const
const answerCodes = { done: 0, nack: 1, 'bus-error': 2 } as const

export function encodeBusRequest(request: BusRequest): Uint8Array<ArrayBuffer> {
  const code = Uint8Array.of(requestCodes[request.kind])
  if (request.kind === 'write') return concat(code, u16(request.data.length), request.data)
  if (request.kind === 'read') return concat(code, u16(request.length))
  return code
}

export function encodeBusAnswer(answer: BusAnswer): Uint8Array<ArrayBuffer> {
  const code = Uint8Array.of(answerCodes[answer.kind])
  return answer.kind === 'done' ? concat(code, u16(answer.data.length), answer.data) : code
}

/** A message at the start of a stream and its length in octets; the rest stays for the next call. */
export type Taken<T> = { readonly message: T; readonly length: number } | 'incomplete' | 'malformed'

/** Takes one request off the stream. Its data are a view. */
export function takeBusRequest(stream: Uint8Array): Taken<BusRequest> {
  const [code, high, low] = stream
  if (code === undefined) return 'incomplete'
  if (code === requestCodes['power-cycle']) return { message: { kind: 'power-cycle' }, length: 1 }
  if (code === requestCodes.reset) return { message: { kind: 'reset' }, length: 1 }
  if (code !== requestCodes.write && code !== requestCodes.read) return 'malformed'
  if (high === undefined || low === undefined) return 'incomplete'
  const length = (high << 8) | low
  if (length > maxTransfer) return 'malformed'
  if (code === requestCodes.read) {
    return length === 0 ? 'malformed' : { message: { kind: 'read', length }, length: 3 }
  }
  if (stream.length < 3 + length) return 'incomplete'
  return { message: { kind: 'write', data: stream.subarray(3, 3 + length) }, length: 3 + length }
}

/** Takes one answer off the stream. Its data are a view. */
export function takeBusAnswer(stream: Uint8Array): Taken<BusAnswer> {
  const [code, high, low] = stream
  if (code === undefined) return 'incomplete'
  if (code === answerCodes.nack) return { message: { kind: 'nack' }, length: 1 }
  if (code === answerCodes['bus-error']) return { message: { kind: 'bus-error' }, length: 1 }
  if (code !== answerCodes.done) return 'malformed'
  if (high === undefined || low === undefined) return 'incomplete'
  const length = (high << 8) | low
  if (length > maxTransfer) return 'malformed'
  if (stream.length < 3 + length) return 'incomplete'
  return { message: { kind: 'done', data: stream.subarray(3, 3 + length) }, length: 3 + length }
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff)
}
