import { z } from '@hono/zod-openapi'
import type { VerifierEndpoint } from '../endpoint.ts'

type Document = VerifierEndpoint['document']
type Responses = Document['responses']

export const ProblemDocument = z
  .object({
    type: z.string(),
    title: z.string().meta({ description: 'Text of the HTTP status.' }),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable, for programs.' }),
  })
  .openapi('Problem')

const problem = {
  description: 'The request was refused, or could not be answered.',
  content: { 'application/problem+json': { schema: ProblemDocument } },
} as const

/** Responses of an endpoint: what it gives, and the form of every refusal. */
export function responses(
  status: number,
  description: string,
  content?: { readonly type: string; readonly schema?: z.ZodType | undefined },
): Responses {
  const schema = content?.schema === undefined ? {} : { schema: content.schema }
  return {
    [status]: {
      description,
      ...(content !== undefined && { content: { [content.type]: schema } }),
    },
    default: problem,
  }
}

/** A body of octets in one of several media types. */
export function octetsBody(types: readonly string[]): NonNullable<Document['request']> {
  const schema = z.string().openapi({ format: 'binary' })
  return {
    body: { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) },
  }
}
