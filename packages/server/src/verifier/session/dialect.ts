import type { IncomingMessage } from 'node:http'
import type { EarDialect } from '@keyline/eat'
import { ServerError } from '../../errors.ts'

const dialects: ReadonlyMap<string, EarDialect> = new Map([
  ['veraison-2023', 'veraison-2023'],
  ['ietf-2026', 'ietf-2026-03'],
  ['ietf-2026-03', 'ietf-2026-03'],
])

/** The dialect of this name, as settings and callers write it. */
export function earDialect(name: string): EarDialect | undefined {
  return dialects.get(name.trim().toLowerCase())
}

/**
 * The dialect that a caller asks for with the header `Accept-EAR` or with `ear=` in the address (V27); nothing when it
 * asks for none. @throws ServerError `SERVER_NOT_ACCEPTABLE`
 */
export function askedDialect(
  { headers }: IncomingMessage,
  query: URLSearchParams | undefined,
): EarDialect | undefined {
  const header = headers['accept-ear']
  const asked = (typeof header === 'string' ? header : undefined) ?? query?.get('ear') ?? ''
  if (asked === '') return undefined
  const dialect = earDialect(asked)
  if (dialect !== undefined) return dialect
  const names = [...dialects.keys()].join(', ')
  throw new ServerError('SERVER_NOT_ACCEPTABLE', `the dialects of results are ${names}`)
}
