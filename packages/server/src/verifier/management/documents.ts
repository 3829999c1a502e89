import { z } from '@hono/zod-openapi'
import type { Answer } from '../../answer/answer.ts'
import { ServerError } from '../../errors.ts'
import { mediaTypeOf, readJson } from '../../route/endpoint.ts'
import { Problem } from '../../route/rest/schema.ts'
import type { VerifierEndpoint, VerifierRequest } from '../endpoint.ts'

/** Path of the interface. */
export const managementPath = '/management/v1'

type Responses = VerifierEndpoint['document']['responses']

const problem = {
  description: 'The request was refused.',
  content: { 'application/problem+json': { schema: Problem } },
} as const

/** Responses of an endpoint that gives a document of one media type. */
export function documentResponses(
  status: number,
  description: string,
  type: string,
  schema: z.ZodType,
): Responses {
  return { [status]: { description, content: { [type]: { schema } } }, default: problem }
}

/** Responses of an endpoint that gives nothing back. */
export const emptyResponses: Responses = {
  204: { description: 'It is so now.' },
  default: problem,
}

export const nothing: Answer = { status: 204 }

/** Text of a JSON document with a media type of its own. */
export function typedJson(type: string, value: unknown, status = 200): Answer {
  return { status, type, body: JSON.stringify(value) }
}

/** How many entries of a list, the newest first. */
export const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).optional().describe('100 unless given'),
})

/** @throws ServerError `SERVER_HEADER_INVALID` */
export function limitOf({ query }: VerifierRequest): number {
  const text = query.get('limit') ?? '100'
  if (/^[1-9]\d{0,2}$|^1000$/.test(text)) return Number(text)
  throw new ServerError(
    'SERVER_HEADER_INVALID',
    `limit is ${text.slice(0, 20)}, but must be 1 to 1000`,
  )
}

/** A part of the path in a form. @throws ServerError `SERVER_HEADER_INVALID` */
export function pathPart({ params }: VerifierRequest, name: string, form: RegExp): string {
  const value = params[name] ?? ''
  if (form.test(value)) return value
  throw new ServerError(
    'SERVER_HEADER_INVALID',
    `${name} in the address does not match ${form.source}`,
  )
}

/** The JSON body as its schema has it. @throws ServerError `SERVER_MEDIA_TYPE`, `SERVER_BODY_INVALID` */
export async function bodyOf<T extends z.ZodType>(
  request: VerifierRequest,
  schema: T,
): Promise<z.output<T>> {
  const accept = 'application/json'
  if (mediaTypeOf(request.incoming) !== accept) {
    throw new ServerError('SERVER_MEDIA_TYPE', `the body must be ${accept}`, {
      details: { accept },
    })
  }
  return readJson(await request.body(), schema)
}
