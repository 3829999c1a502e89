import type { ServerResponse } from 'node:http'

/** What goes back to the caller. */
export interface Answer {
  readonly status: number
  /** Media type of the body. */
  readonly type?: string | undefined
  readonly body?: string | Uint8Array | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** A body that is made piece by piece; each piece is asked for when the caller has taken the one before. */
  readonly pieces?: AsyncIterable<string> | undefined
}

export function json(value: unknown, status = 200): Answer {
  return { status, type: 'application/json', body: JSON.stringify(value) }
}

/** What every answer says of itself: it belongs to this caller, and is what its type says. */
const everyHeader = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
} as const

/** Writes an answer. A caller that is gone is no error. */
export async function send(
  outgoing: ServerResponse,
  answer: Answer,
  requestId: string,
): Promise<void> {
  if (outgoing.destroyed || outgoing.headersSent) return
  const headers: Record<string, string | number> = { ...everyHeader, 'X-Request-Id': requestId }
  if (answer.type !== undefined) headers['Content-Type'] = answer.type
  Object.assign(headers, answer.headers)
  if (answer.pieces !== undefined) {
    outgoing.writeHead(answer.status, headers)
    await sendPieces(outgoing, answer.pieces)
    return
  }
  const { body = '' } = answer
  headers['Content-Length'] = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  outgoing.writeHead(answer.status, headers)
  outgoing.end(body)
}

async function sendPieces(outgoing: ServerResponse, pieces: AsyncIterable<string>): Promise<void> {
  try {
    for await (const piece of pieces) {
      if (outgoing.destroyed) return
      if (!outgoing.write(piece)) await drained(outgoing)
    }
    outgoing.end()
  } catch (error) {
    // The status has left already: only a cut body still tells that the rest is missing.
    outgoing.destroy()
    throw error
  }
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done)
      outgoing.off('close', done)
      resolve()
    }
    outgoing.on('drain', done)
    outgoing.on('close', done)
  })
}
