import { IssuerError, issuerErrorTable, type IssuerErrorCode } from '../errors.ts'
import { mediaTypeOf, type HttpAnswer } from './http-transport.ts'
import { jsonObjectOf, readJson, type JsonObject } from './json-object.ts'
import { retryAfterMs } from './retry.ts'

/** What a server says about a call that it did not serve. */
interface Refusal {
  readonly code?: string | undefined
  readonly text: string
  readonly rule?: string | undefined
  readonly remedy?: string | undefined
}

/** Statuses that ask to come back. */
const laterStatuses = new Set([202, 429, 503])

/** Refusals of the issuer itself, which mean the same as in process. */
const issuerCodes: ReadonlySet<string> = new Set(Object.keys(issuerErrorTable))
const retryableCodes: ReadonlySet<string> = new Set(
  Object.entries(issuerErrorTable).flatMap(([code, entry]) => ('retryable' in entry ? [code] : [])),
)

/**
 * The error of an answer that is not the wanted one. A 4xx that names a code of the issuer becomes that error, so that
 * the verdict of a board does not depend on where its issuer runs. Everything else is trouble around the board.
 * @param nowMs wall time, for `Retry-After`
 */
export function refusalOf(answer: HttpAnswer, place: string, nowMs: number): IssuerError {
  const { status } = answer
  const refusal = readRefusal(answer)
  const id = answer.header('x-request-id')
  const request = id === undefined || !/^[\w.:-]{1,64}$/.test(id) ? '' : ` (request ${id})`
  const message = `${place}: ${status} ${refusal.text}${request}`
  const details = {
    status,
    ...(refusal.code === undefined ? {} : { code: refusal.code }),
    ...(refusal.rule === undefined ? {} : { rule: refusal.rule }),
  }
  const remedy = refusal.remedy === undefined ? {} : { remedy: refusal.remedy }
  if (laterStatuses.has(status)) {
    const wish = retryAfterMs(answer.header('retry-after'), nowMs)
    const isTold = isIssuerCode(refusal.code) && retryableCodes.has(refusal.code)
    const code = isTold ? refusal.code : 'ISSUER_BUSY'
    return new IssuerError(code, message, { details: { ...details, retryAfterMs: wish } })
  }
  if (status >= 500) return new IssuerError('ISSUER_FAILED', message, { details })
  if (status < 400) return new IssuerError('ISSUER_ANSWER_MALFORMED', message, { details })
  if (isIssuerCode(refusal.code))
    return new IssuerError(refusal.code, message, { details, ...remedy })
  const isStranger = status === 401 || status === 403
  const code = isStranger ? 'ISSUER_STATION_UNTRUSTED' : 'ISSUER_REFUSED'
  return new IssuerError(code, message, { details, ...remedy })
}

function isIssuerCode(code: string | undefined): code is IssuerErrorCode {
  return code !== undefined && issuerCodes.has(code)
}

function readRefusal(answer: HttpAnswer): Refusal {
  const type = mediaTypeOf(answer)
  if (type === 'application/problem+json') return readProblem(answer.body)
  if (type === 'text/plain')
    return readPlain(new TextDecoder().decode(answer.body.subarray(0, 4096)))
  return { text: type === '' ? 'without a body that explains it' : `with a body of ${type}` }
}

/** RFC 9457, with the members of our errors. */
function readProblem(octets: Uint8Array): Refusal {
  let problem: JsonObject
  try {
    problem = jsonObjectOf(readJson(octets, 'problem'), 'problem')
  } catch (error) {
    if (error instanceof IssuerError) return { text: 'with a problem that cannot be read' }
    throw error
  }
  const text = (member: string): string | undefined => {
    const value = problem.get(member)
    return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined
  }
  return {
    code: text('code'),
    rule: text('rule'),
    remedy: text('remedy'),
    text: text('detail') ?? text('title') ?? 'without a reason',
  }
}

/** EST: the first line is the code, the second for people. */
function readPlain(text: string): Refusal {
  const [first = '', ...rest] = text.split(/\r?\n/)
  const isCode = /^[A-Z][A-Z0-9_]{2,63}$/.test(first)
  const lines = isCode ? rest : [first, ...rest]
  const spoken = lines.join(' ').trim()
  return {
    code: isCode ? first : undefined,
    text: spoken === '' ? 'without a reason' : spoken.slice(0, 500),
  }
}
