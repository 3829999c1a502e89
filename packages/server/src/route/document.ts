import type { z } from 'zod'
import type { Endpoint } from './endpoint.ts'
import { Problem } from './rest/schema.ts'

type Document = Endpoint['document']
type Responses = Document['responses']

const problem = {
  description: 'The request was refused.',
  content: { 'application/problem+json': { schema: Problem } },
} as const

const twoLines = {
  description: 'The request was refused: a code on the first line, what it means on the second.',
  content: { 'text/plain': {} },
} as const

/** Responses of a REST endpoint: what it gives, and the form of every refusal. */
export function restResponses(status: number, description: string, schema?: z.ZodType): Responses {
  const content = schema === undefined ? {} : { content: { 'application/json': { schema } } }
  return { [status]: { description, ...content }, default: problem }
}

/** Responses of an EST endpoint. */
export function estResponses(status: number, description: string, type?: string): Responses {
  const content = type === undefined ? {} : { content: { [type]: {} } }
  return { [status]: { description, ...content }, default: twoLines }
}

export function jsonRequest(schema: z.ZodType): NonNullable<Document['request']> {
  return { body: { required: true, content: { 'application/json': { schema } } } }
}
