import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { stat } from 'node:fs/promises'
import {
  concat,
  decodeUtf8,
  isKeylineError,
  parseJson,
  toBase64,
  encodeUtf8,
  type JsonValue,
} from '@keyline/bytes'
import { CliError } from '../../errors.ts'
import { readInput } from '../pki-input.ts'
import { jsonMembers } from './json-members.ts'

/** How a verifier service is reached. */
export interface ServiceOptions {
  /** `https://HOST:PORT`, or `http://` on this machine. */
  readonly url: string
  /** PEM of the CA whose servers are believed; those of the system unless given. */
  readonly ca?: string | undefined
  /** File with `NAME:PASSWORD`, or with an API key. */
  readonly credentialsFile?: string | undefined
}

export interface ServiceAnswer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  readonly body: Uint8Array
}

export interface ServiceCall {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Absolute, or relative to the address of the call before. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | undefined
}

const timeoutMs = 15_000
const mostOctets = 1_048_576
const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** A verifier that is asked over HTTP. What it does not answer is "could not check", never a verdict. */
export class VerifierService {
  readonly #base: URL
  readonly #ca: Uint8Array | undefined
  readonly #authorization: string | undefined

  private constructor(base: URL, ca: Uint8Array | undefined, authorization: string | undefined) {
    this.#base = base
    this.#ca = ca
    this.#authorization = authorization
  }

  /** @throws CliError `CLI_USAGE`, `CLI_FILE`, `CLI_KEYS` */
  static async at(options: ServiceOptions): Promise<VerifierService> {
    const base = serviceUrl(options.url)
    const file = options.credentialsFile ?? process.env['KEYLINE_VERIFIER_CREDENTIALS_FILE']
    const authorization =
      file === undefined || file === '' ? undefined : await authorizationIn(file)
    if (authorization !== undefined && base.protocol === 'http:' && !loopback.has(base.hostname)) {
      throw new CliError('CLI_USAGE', `credentials are not sent over ${base.protocol}//`, {
        remedy: 'use https, and name the CA of the verifier with --ca',
      })
    }
    const ca = options.ca === undefined ? undefined : await readInput(options.ca, 'certificates')
    return new VerifierService(base, ca, authorization)
  }

  /** Asks, and takes an answer of the wanted statuses. @throws CliError `CLI_COULD_NOT_CHECK`, `CLI_VERIFIER_REFUSED` */
  async ask(call: ServiceCall, wanted: readonly number[]): Promise<ServiceAnswer> {
    const url = new URL(call.path, this.#base)
    if (url.origin !== this.#base.origin) {
      throw new CliError(
        'CLI_COULD_NOT_CHECK',
        `the verifier leads to another server, ${url.origin}`,
      )
    }
    const answer = await this.#exchange(url, call)
    if (wanted.includes(answer.status)) return answer
    throw refusalOf(`${call.method} ${url.pathname}`, answer)
  }

  /** Address that a path of an answer means. */
  resolve(path: string, from: string): string {
    const { pathname, search } = new URL(path, new URL(from, this.#base))
    return `${pathname}${search}`
  }

  #exchange(url: URL, { method, headers, body }: ServiceCall): Promise<ServiceAnswer> {
    const place = `${method} ${url.origin}${url.pathname}`
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const fail = (cause: Error): void =>
        reject(new CliError('CLI_COULD_NOT_CHECK', `${place}: ${cause.message}`, { cause }))
      const call = send(url, {
        method,
        headers: {
          ...headers,
          ...(this.#authorization !== undefined && { authorization: this.#authorization }),
          ...(body !== undefined && { 'content-length': String(body.length) }),
        },
        ...(this.#ca !== undefined && { ca: Buffer.from(this.#ca) }),
        signal: AbortSignal.timeout(timeoutMs),
      })
      call.once('error', fail)
      call.once('response', (message) => {
        answerOf(message).then(resolve, fail)
      })
      call.end(body)
    })
  }
}

/** JSON of an answer. @throws CliError `CLI_COULD_NOT_CHECK` */
export function answerJson({ body }: ServiceAnswer): ReadonlyMap<string, JsonValue> {
  try {
    return jsonMembers(parseJson(decodeUtf8(body), 'the answer of the verifier'))
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new CliError('CLI_COULD_NOT_CHECK', cause.message, { cause })
  }
}

function serviceUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isService = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (
    url === undefined ||
    !isService ||
    url.username !== '' ||
    url.password !== '' ||
    url.search !== ''
  ) {
    throw new CliError(
      'CLI_USAGE',
      'the address of the verifier is not of the form https://HOST:PORT',
      {
        remedy: 'write https://HOST:PORT; credentials go into a file, see --credentials-file',
      },
    )
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

async function authorizationIn(path: string): Promise<string> {
  const { mode } = await stat(path).catch((cause: unknown) => {
    throw new CliError('CLI_FILE', `${path} cannot be read`, { cause })
  })
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new CliError('CLI_KEYS', `${path} can be read by others`, {
      remedy: `run chmod 600 ${path}, and think about who has read it`,
    })
  }
  const [line = ''] = decodeUtf8(await readInput(path, 'text'))
    .trim()
    .split('\n')
  return line.includes(':') ? `Basic ${toBase64(encodeUtf8(line))}` : `Bearer ${line}`
}

async function answerOf(message: IncomingMessage): Promise<ServiceAnswer> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of message) {
    if (!(part instanceof Uint8Array)) continue
    length += part.length
    if (length > mostOctets) throw new Error(`the answer has more than ${mostOctets} octets`)
    parts.push(part)
  }
  const { headers, statusCode = 0 } = message
  return {
    status: statusCode,
    header: (name) => {
      const value = headers[name]
      return typeof value === 'string' ? value : value?.[0]
    },
    body: concat(...parts),
  }
}

/** What a problem document says (RFC 9457). */
function refusalOf(place: string, answer: ServiceAnswer): CliError {
  const { status } = answer
  const problem = problemIn(answer)
  const said = [problem.get('code'), problem.get('detail') ?? problem.get('title')]
    .filter((part) => typeof part === 'string')
    .join(': ')
  const message = `${place} is answered with ${status}${said === '' ? '' : `, ${said}`}`
  if (status < 500) return new CliError('CLI_VERIFIER_REFUSED', message)
  const after = answer.header('retry-after')
  const again = after === undefined ? '' : `; it asks to wait ${after} s`
  return new CliError('CLI_COULD_NOT_CHECK', `${message}${again}`)
}

function problemIn(answer: ServiceAnswer): ReadonlyMap<string, JsonValue> {
  try {
    return answerJson(answer)
  } catch (error) {
    if (error instanceof CliError) return new Map()
    throw error
  }
}
