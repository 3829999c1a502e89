import { parseMediaType } from '../../../packages/server/src/verifier/media/media-type.ts'
import { deviceCorim, verifiedDevice } from '../verified-device.ts'
import {
  openSession,
  startVerifierService,
  submit,
  type Call,
  type OpenSession,
  type Reply,
  type VerifierService,
} from '../verifier-service.ts'
import { caseOf } from './attestation-case.ts'
import { canonical } from './canonical.ts'
import type { CaseResult, VectorCheck } from './case.ts'
import type { VectorReader } from './vector-reader.ts'

const defaultTtlMs = 150_000

/** What is done before the request, by the text of the case. The list is closed (attestation-verifier 2.8). */
const preconditions: Readonly<
  Record<string, (service: VerifierService, session: OpenSession) => Promise<void>>
> = {
  '': async () => undefined,
  'evidence submitted, session complete': complete,
  'session already complete; the body differs from the evidence that completed it': complete,
  '2 min 30 s (default TTL) elapsed since creation': async ({ clock }) => clock.pass(defaultTtlMs),
  'session deleted': async (service, { path }) => {
    const { status } = await service.call({ method: 'DELETE', path })
    if (status !== 204) throw new TypeError(`the session is not deleted: ${status}`)
  },
}

/** Exchanges with a service that listens. */
export const check: VectorCheck = async (file) => {
  const vector = caseOf(file)
  const wanted = vector.object('expect').object('response')
  const isAuthenticated = wanted.number('status') === 401
  await using service = await startVerifierService({
    ...(isAuthenticated && { settings: { access: { management: 'required' } } }),
  })
  const request = vector.object('input').object('request')
  const path = request.text('path')
  const session = path.includes('<uuid>') ? await openSession(service) : undefined
  await prepare(vector, service, session)
  const call: Call = {
    method: request.text('method'),
    path: session?.path ?? path,
    headers: Object.fromEntries(
      Object.entries(Object(request.raw('headers'))).map(([name, value]) => [name, String(value)]),
    ),
    body: await bodyOf(request, service, session),
  }
  const reply = await service.call(call)
  return [judge(vector.id, wanted, reply)]
}

async function prepare(
  vector: VectorReader,
  service: VerifierService,
  session: OpenSession | undefined,
): Promise<void> {
  const input = vector.object('input')
  const text = input.has('precondition') ? input.text('precondition') : ''
  const act = preconditions[text]
  if (act === undefined) throw new TypeError(`the precondition ${text} is not known`)
  if (session !== undefined) await act(service, session)
  else if (text !== '') throw new TypeError(`the precondition ${text} needs a session`)
}

async function complete(service: VerifierService, { path, nonce }: OpenSession): Promise<void> {
  const { status, json } = await submit(service, path, await service.device.token({ nonce }))
  if (status === 200 && canonical(Reflect.get(Object(json), 'status')) === '"complete"') return
  throw new TypeError(`the session is not complete: ${status}`)
}

/** Bodies stand in the vectors as what they are. */
async function bodyOf(
  request: VectorReader,
  { device }: VerifierService,
  session: OpenSession | undefined,
): Promise<Uint8Array | string> {
  const text = request.has('body') ? request.text('body') : ''
  const token = (clientId: number): Promise<Uint8Array> =>
    device.token({ clientId, ...(session !== undefined && { nonce: session.nonce }) })
  switch (text) {
    case '':
      return ''
    case '<COSE bytes>':
      return token(-1)
    case '<other COSE bytes>':
      return token(-2)
    case '<bytes>':
      return Uint8Array.of(1, 2, 3)
    case '<CoRIM bytes>':
      return deviceCorim([verifiedDevice(2)])
    case '<bad CoRIM bytes>':
      return Uint8Array.of(0xd9, 0x01, 0xf5, 0xa0)
    default:
      throw new TypeError(`the body ${text} is not known`)
  }
}

function judge(id: string, wanted: VectorReader, reply: Reply): CaseResult {
  const headers = Object.entries(Object(wanted.raw('headers') ?? {}))
  const problems = [
    ...differences('status', wanted.number('status'), reply.status),
    ...headers.flatMap(([name, value]) => headerDifferences(name, value, reply)),
    ...(wanted.has('body') ? differences('body', wanted.raw('body'), reply.json) : []),
  ]
  const actual = problems.length === 0 ? 'as expected' : problems.join('; ')
  return { id, ok: problems.length === 0, expected: 'as expected', actual }
}

function headerDifferences(name: string, wanted: unknown, { headers }: Reply): readonly string[] {
  const came = headers[name.toLowerCase()]
  const isSameType =
    name === 'Content-Type' &&
    parseMediaType(String(wanted))?.normal === parseMediaType(String(came))?.normal
  return isSameType ? [] : differences(name, wanted, came)
}

/** What a text in angle brackets stands for. */
const placeholders: Readonly<Record<string, (value: unknown) => boolean>> = {
  'session/<uuid>': matches(
    /^session\/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  ),
  '<padded base64, 32 bytes>': matches(/^[A-Za-z0-9+/]{43}=$/),
  '<32 bytes>': matches(/^[A-Za-z0-9+/]{43}=$/),
  '<padded base64>': matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  '<padded base64 of the evidence>': matches(/^[A-Za-z0-9+/]{100,}={0,2}$/),
  '<RFC 3339>': matches(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/),
  '<http date>': matches(/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/),
  '<EAR JWT>': matches(/^[\w-]+\.[\w-]+\.[\w-]{86}$/),
  '<text>': matches(/./),
  '<>': matches(/^[\w-]{43}$/),
}
/** A list of media types, of which the first is what public clients send. */
const typeLists: ReadonlySet<string> = new Set(['["<evidence media types>"]', '["<...>"]'])

function matches(form: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && form.test(value)
}

/** Where members that the case names have other values; others may be there. */
function differences(place: string, wanted: unknown, came: unknown): readonly string[] {
  if (typeof wanted === 'string' && wanted.includes('<')) {
    const isFitting = placeholders[wanted]
    if (isFitting === undefined) return [`${place}: the placeholder ${wanted} is not known`]
    return isFitting(came) ? [] : [`${place} is ${canonical(came ?? null)}, not ${wanted}`]
  }
  if (Array.isArray(wanted) && typeLists.has(JSON.stringify(wanted))) {
    const isList = Array.isArray(came) && came.includes('application/psa-attestation-token')
    return isList ? [] : [`${place} is ${canonical(came ?? null)}, no list of media types`]
  }
  if (typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted)) {
    return Object.entries(wanted).flatMap(([name, value]) =>
      differences(`${place}.${name}`, value, Reflect.get(Object(came ?? {}), name)),
    )
  }
  const isEqual = canonical(wanted ?? null) === canonical(came ?? null)
  return isEqual ? [] : [`${place} is ${canonical(came ?? null)}, not ${canonical(wanted ?? null)}`]
}
