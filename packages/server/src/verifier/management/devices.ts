import { z } from '@hono/zod-openapi'
import { fromHex } from '@keyline/bytes'
import type { AnchorState } from '@keyline/verifier'
import { ServerError } from '../../errors.ts'
import { json } from '../../answer/answer.ts'
import type { VerifierEndpoint } from '../endpoint.ts'
import type { AppraisalRecord, VerifierRole } from '../port.ts'
import {
  documentResponses,
  emptyResponses,
  limitOf,
  listQuery,
  managementPath,
  nothing,
  pathPart,
} from './documents.ts'
import { managers } from './policies.ts'

/** Who looks at what the service did. */
export const readers = ['manager', 'auditor'] as const satisfies readonly VerifierRole[]

/** 33 octets: 01 and 32 more. */
const instanceIdForm = /^01[0-9a-f]{64}$/
const params = z.object({ instanceId: z.string().regex(instanceIdForm) })

export const AppraisalReply = z.strictObject({
  at: z.iso.datetime(),
  outcome: z.enum(['genuine', 'contraindicated', 'could-not-check']),
  status: z.string().optional(),
  vector: z.record(z.string(), z.int()).optional(),
  codes: z.array(z.string()),
  implementationId: z.string().optional(),
  instanceId: z.string().optional(),
  mediaType: z.string(),
  evidenceHash: z.string(),
  sessionHash: z.string(),
  policyId: z.string().optional(),
  keyId: z.string().optional(),
})

const appraisalResponses = documentResponses(
  200,
  'Appraisals, the newest first.',
  'application/json',
  z.array(AppraisalReply),
)

/** Devices: out of trust and back, and what was found of them. */
export function deviceEndpoints(): readonly VerifierEndpoint[] {
  return [
    changeTo('revoked', 'revoke', 'Take a device out of trust; again changes nothing'),
    changeTo('active', 'restore', 'Trust a device again; again changes nothing'),
    {
      method: 'GET',
      path: `${managementPath}/devices/{instanceId}/appraisals`,
      document: {
        summary: 'What was found of a device',
        request: { params, query: listQuery },
        responses: appraisalResponses,
      },
      access: readers,
      bodyLimit: 0,
      handle: async (request) => {
        const instanceId = pathPart(request, 'instanceId', instanceIdForm)
        const limit = limitOf(request)
        const found = await request.store.appraisals.list({ limit, instanceId })
        return json(found.map(appraisalReply))
      },
    },
    {
      method: 'GET',
      path: `${managementPath}/appraisals`,
      document: {
        summary: 'What was found of all devices',
        request: { query: listQuery },
        responses: appraisalResponses,
      },
      access: readers,
      bodyLimit: 0,
      handle: async (request) => {
        const found = await request.store.appraisals.list({ limit: limitOf(request) })
        return json(found.map(appraisalReply))
      },
    },
  ]
}

function changeTo(state: AnchorState, verb: string, summary: string): VerifierEndpoint {
  return {
    method: 'POST',
    path: `${managementPath}/devices/{instanceId}/${verb}`,
    document: { summary, request: { params }, responses: emptyResponses },
    access: managers,
    bodyLimit: 1_024,
    handle: async (request) => {
      const instanceId = pathPart(request, 'instanceId', instanceIdForm)
      if (await request.store.endorsements.setState(fromHex(instanceId), state)) return nothing
      throw new ServerError('SERVER_NOT_FOUND', `no device ${instanceId} is known`)
    },
  }
}

function appraisalReply({ at, ...record }: AppraisalRecord): z.input<typeof AppraisalReply> {
  const { vector, codes, ...others } = record
  return {
    ...others,
    at: new Date(at).toISOString(),
    codes: [...codes],
    ...(vector !== undefined && { vector: { ...vector } }),
  }
}
