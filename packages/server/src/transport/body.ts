import type { IncomingMessage } from 'node:http'
import { ServerError } from '../errors.ts'
import { transportLimits } from './limits.ts'

const nothing = new Uint8Array()

/**
 * The body of a request, at most 64 KiB unless another limit is given. A longer one is refused by its announced length, or as soon as it grows too long.
 * @throws ServerError `SERVER_BODY_TOO_LARGE`, `SERVER_BODY_INVALID` when the caller went away
 */
export function readBody(
  incoming: IncomingMessage,
  limit: number = transportLimits.bodyOctets,
): Promise<Uint8Array> {
  const announced = Number(incoming.headers['content-length'] ?? 0)
  if (announced > limit) return Promise.reject(tooLarge(`${announced} octets are announced`, limit))
  if (announced === 0 && incoming.headers['transfer-encoding'] === undefined) {
    return Promise.resolve(nothing)
  }
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    incoming.on('data', (chunk: Uint8Array) => {
      length += chunk.length
      if (length > limit) {
        incoming.pause()
        reject(tooLarge(`more than ${limit} octets have arrived`, limit))
      } else chunks.push(chunk)
    })
    incoming.once('end', () => resolve(joined(chunks, length)))
    incoming.once('close', () => {
      if (!incoming.complete) reject(new ServerError('SERVER_BODY_INVALID', 'the body was cut off'))
    })
  })
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = chunks
  if (chunks.length === 1 && only !== undefined) return only
  const body = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}

function tooLarge(what: string, limit: number): ServerError {
  return new ServerError('SERVER_BODY_TOO_LARGE', `${what}, at most ${limit} are taken`)
}
