import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { systemRandom, type Random } from '@keyline/bytes'
import { importCorim } from '@keyline/verifier'
import type { ServerLog } from '../../packages/server/src/observe/log.ts'
import { HandClock } from '../../packages/server/src/testing/hand-clock.ts'
import type { VerifierRecord } from '../../packages/server/src/verifier/port.ts'
import {
  verifierSettings,
  type VerifierSettingsInput,
} from '../../packages/server/src/verifier/settings.ts'
import {
  startVerifier,
  type RunningVerifier,
  type VerifierListenOptions,
} from '../../packages/server/src/verifier/start.ts'
import { MemoryRecord } from '../../packages/server/src/verifier/testing/memory-record.ts'
import { deviceCorim, verifiedDevice, type VerifiedDevice } from './verified-device.ts'

/** Media type of every answer about a session. */
export const sessionType = 'application/vnd.veraison.challenge-response-session+json'
export const tokenType = 'application/psa-attestation-token'
export const api = '/challenge-response/v1'

export interface Call {
  readonly method?: string | undefined
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | string | undefined
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown
}

/** What the log of a service was told, line by line. */
export class KeptLog implements ServerLog {
  readonly lines: string[] = []

  request(line: unknown): void {
    this.lines.push(JSON.stringify(line))
  }

  info(what: string, facts: unknown = {}): void {
    this.lines.push(`${what} ${JSON.stringify(facts)}`)
  }

  error(what: string, error: unknown, facts: unknown = {}): void {
    this.lines.push(`${what} ${String(error)} ${JSON.stringify(facts)}`)
  }

  flush(): void {}
}

export interface ServiceOptions {
  readonly settings?: VerifierSettingsInput | undefined
  readonly record?: VerifierRecord | undefined
  readonly clock?: HandClock | undefined
  readonly random?: Random | undefined
  readonly listen?: Partial<VerifierListenOptions> | undefined
}

/** A verifier that listens on this machine, with one device that it knows. */
export interface VerifierService extends AsyncDisposable {
  readonly verifier: RunningVerifier
  readonly record: VerifierRecord
  readonly clock: HandClock
  readonly log: KeptLog
  readonly device: VerifiedDevice
  readonly call: (call: Call) => Promise<Reply>
}

/** Nobody is asked for credentials, unless the settings say so. */
const openSettings = { policy: 'test', access: { management: 'none' } } as const

export async function startVerifierService(options: ServiceOptions = {}): Promise<VerifierService> {
  const clock = options.clock ?? new HandClock()
  const device = verifiedDevice(1)
  const record = options.record ?? (await recordWith([device], clock))
  const log = new KeptLog()
  const settings = verifierSettings.parse({ ...openSettings, ...options.settings })
  const verifier = await startVerifier(
    { record, clock, random: options.random ?? systemRandom, log, settings },
    { host: '127.0.0.1', port: 0, ...options.listen },
  )
  return {
    verifier,
    record,
    clock,
    log,
    device,
    call: (call) => callPort(verifier.port, call),
    [Symbol.asyncDispose]: () => verifier.stop({ graceMs: 1_000 }),
  }
}

/** A record that knows these devices and the software of all of them. */
export async function recordWith(
  devices: readonly VerifiedDevice[],
  clock: HandClock,
): Promise<MemoryRecord> {
  const record = new MemoryRecord()
  const time = Math.trunc(clock.now() / 1000)
  await importCorim(deviceCorim(devices), record.tenant('0').trust, { time })
  return record
}

/** Sends exactly these headers, and those that HTTP needs. */
export function callPort(port: number, call: Call): Promise<Reply> {
  const { method = 'GET', path, headers = {}, body = '' } = call
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { host: '127.0.0.1', port, method, path, headers, agent: false },
      (incoming) => {
        let text = ''
        incoming.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        incoming.once('error', reject)
        incoming.once('end', () => {
          const { statusCode = 0, headers: came } = incoming
          resolve({ status: statusCode, headers: came, text, json: jsonOf(text) })
        })
      },
    )
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** A session as a client sees it. */
export interface OpenSession {
  /** Where evidence goes. */
  readonly path: string
  readonly nonce: Uint8Array
}

/** What can be asked. */
type Asked = Pick<VerifierService, 'call'>

export async function openSession(service: Asked, query = ''): Promise<OpenSession> {
  const path = `${api}/newSession`
  const { headers, json } = await service.call({ method: 'POST', path: path + query })
  const nonce = Buffer.from(textMember(json, 'nonce'), 'base64')
  const { pathname } = new URL(headers.location ?? '', `http://service${path}`)
  return { path: pathname, nonce: Uint8Array.from(nonce) }
}

export function submit(service: Asked, path: string, token: Uint8Array): Promise<Reply> {
  return service.call({ method: 'POST', path, headers: { 'content-type': tokenType }, body: token })
}

/** A nonce of the service, for one request. */
export async function drawNonce(service: Asked): Promise<Uint8Array> {
  const { json } = await service.call({ path: `${api}/nonce` })
  return Uint8Array.from(Buffer.from(textMember(json, 'nonce'), 'base64url'))
}

export function verify(
  service: Asked,
  nonce: Uint8Array,
  token: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const text = Buffer.from(nonce).toString('base64url')
  return service.call({
    method: 'POST',
    path: `${api}/verify?nonce=${text}`,
    headers: { 'content-type': tokenType, ...headers },
    body: token,
  })
}

/** Status, code and detail of a refusal, which must be a problem document. */
export function problemOf({ status, headers, json }: Reply): readonly unknown[] {
  const type = headers['content-type']
  if (type !== 'application/problem+json' || member(json, 'status') !== status) {
    throw new TypeError(`no problem of status ${status}: ${type} ${JSON.stringify(json)}`)
  }
  return [status, member(json, 'code'), member(json, 'detail')]
}

export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

export function textMember(value: unknown, name: string): string {
  const text = member(value, name)
  if (typeof text === 'string') return text
  throw new TypeError(`${name} is no text: ${JSON.stringify(value)}`)
}

/** Claims of a result, without a look at its signature. */
export function claimsOf(jwt: string): unknown {
  return jsonOf(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}

/** The appraisal of the scheme in a result. */
export function appraisalOf(jwt: string): unknown {
  return member(member(claimsOf(jwt), 'submods'), 'PSA_IOT')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
