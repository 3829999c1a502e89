import { Agent, request } from 'node:https'
import { pemEncode } from '@keyline/x509'

/** Who calls: the certificate and the key of a client, both PEM. */
export interface Credentials {
  readonly cert: string
  readonly key: string
}

export interface Call {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
}

export interface Reply {
  readonly status: number
  readonly type: string
  readonly text: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** A client of one server: it pins the CA, and keeps its connection. */
export class Client implements Disposable {
  readonly #agent: Agent
  readonly #port: number

  constructor(options: {
    readonly port: number
    readonly ca: Uint8Array
    readonly credentials?: Credentials | undefined
  }) {
    this.#port = options.port
    this.#agent = new Agent({
      keepAlive: true,
      ca: pemEncode('CERTIFICATE', options.ca),
      ...options.credentials,
    })
  }

  call({ method = 'GET', path, headers = {}, body }: Call): Promise<Reply> {
    const { promise, resolve, reject } = deferred<Reply>()
    const outgoing = request(
      { host: 'localhost', port: this.#port, agent: this.#agent, method, path, headers },
      (incoming) => {
        let text = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (piece: string) => {
          text += piece
        })
        incoming.once('error', reject)
        incoming.once('end', () => {
          const type = incoming.headers['content-type'] ?? ''
          resolve({ status: incoming.statusCode ?? 0, type, text, headers: incoming.headers })
        })
      },
    )
    outgoing.once('error', reject)
    outgoing.end(body)
    return promise
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

/** A promise that the test settles. */
export function deferred<T>(): Deferred<T> {
  const settle: { resolve?: (value: T) => void; reject?: (reason: unknown) => void } = {}
  const promise = new Promise<T>((resolve, reject) => Object.assign(settle, { resolve, reject }))
  return {
    promise,
    resolve: (value) => settle.resolve?.(value),
    reject: (reason) => settle.reject?.(reason),
  }
}

/** A member of a JSON object. */
export function member(text: string, name: string): unknown {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new TypeError(`no object: ${text}`)
  return Object.entries(value).find(([key]) => key === name)?.[1]
}
