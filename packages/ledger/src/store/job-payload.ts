import { parseJson } from '@keyline/bytes'
import { z } from 'zod'
import type { JobPayload } from './jobs.ts'

const Payload = z.record(z.string(), z.json())

/** A payload as it was recorded. */
export function parsePayload(text: string): JobPayload {
  return Payload.parse(parseJson(text, 'payload of a job'))
}
