import { seededRandom } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import { HandClock } from '../../testing/hand-clock.ts'
import { ask, routed } from '../credential/testing/ask.ts'
import { verifierRoles, type VerifierRole } from '../port.ts'
import { provisioningEndpoints } from '../provisioning/endpoints.ts'
import { MemoryRecord } from '../testing/memory-record.ts'
import { managementEndpoints } from './endpoints.ts'

const uuid = '6f1b1a2e-0c63-4a4b-8a4e-2f3d5c6b7a89'
const hash = 'ab'.repeat(32)
const device = `01${'cd'.repeat(32)}`
const provisioning = '/endorsement-provisioning/v1'
const management = '/management/v1'

/** Who may, of the roles P(rovisioner), M(anager), C(lient), A(uditor). */
const table = `
POST   ${provisioning}/submit                                     P M - -
POST   ${provisioning}/submit?replace=true                        - M - -
GET    ${provisioning}/submissions/${hash}                        P M - -
POST   ${provisioning}/activate                                   P M - -
POST   ${provisioning}/deactivate                                 P M - -
POST   ${management}/policy/PSA_IOT                               - M - -
GET    ${management}/policy/PSA_IOT                               - M - -
GET    ${management}/policy/PSA_IOT/${uuid}                       - M - -
POST   ${management}/policy/PSA_IOT/${uuid}/activate              - M - -
GET    ${management}/policies/PSA_IOT                             - M - -
POST   ${management}/policies/PSA_IOT/deactivate                  - M - -
POST   ${management}/devices/${device}/revoke                     - M - -
POST   ${management}/devices/${device}/restore                    - M - -
GET    ${management}/devices/${device}/appraisals                 - M - A
GET    ${management}/appraisals                                   - M - A
GET    ${management}/corims                                       P M - A
GET    ${management}/authorities                                  - M - A
POST   ${management}/authorities                                  - M - -
DELETE ${management}/authorities/${hash}                          - M - -
GET    ${management}/denied-certificates                          - M - A
POST   ${management}/denied-certificates                          - M - -
DELETE ${management}/denied-certificates/key-hash/${hash}         - M - -
GET    ${management}/credentials                                  - M - A
DELETE ${management}/credentials/alice                            - M - -
`

const rows = table
  .trim()
  .split('\n')
  .map((line) => {
    const [method = '', path = '', ...letters] = line.split(/\s+/)
    const roles = verifierRoles.filter((_role, index) => letters[index] !== '-')
    return { method: methodOf(method), path, roles, letters }
  })

function methodOf(text: string): 'GET' | 'POST' | 'DELETE' {
  return text === 'GET' || text === 'DELETE' ? text : 'POST'
}

function service() {
  const record = new MemoryRecord()
  const clock = new HandClock()
  const parts = { clock, random: seededRandom('access'), credentials: record.credentials }
  const endpoints = [
    ...provisioningEndpoints({ clock, sessionTtlMs: 1_000 }),
    ...managementEndpoints(parts),
  ]
  const statusFor = async (
    { method, path }: Pick<(typeof rows)[number], 'method' | 'path'>,
    roles: readonly VerifierRole[] | undefined,
  ): Promise<number> => {
    const principal = roles && { name: 'someone', roles }
    return (await ask(endpoints, record.tenant('0'), { method, path, principal })).status
  }
  return { endpoints, statusFor }
}

describe('access to provisioning and management', () => {
  it('is laid down for each endpoint, and each letter stands where it means something', () => {
    const { endpoints } = service()
    for (const { letters } of rows) expect(letters.join('')).toMatch(/^[P-][M-][C-][A-]$/)
    const reached = rows.map(
      ({ method, path }) => routed(endpoints, method, path.replace(/\?.*/, '')).endpoint,
    )
    expect(new Set(reached)).toEqual(new Set(endpoints))
  })

  it.each(rows)('$method $path needs credentials: 401', async (row) => {
    expect(await service().statusFor(row, undefined)).toBe(401)
  })

  it.each(rows.flatMap((row) => verifierRoles.map((role) => ({ ...row, role }))))(
    '$method $path as $role',
    async ({ role, ...row }) => {
      const status = await service().statusFor(row, [role])
      if (row.roles.includes(role)) expect([401, 403]).not.toContain(status)
      else expect(status).toBe(403)
    },
  )

  it('is refused to a name without a role', async () => {
    for (const row of rows) expect(await service().statusFor(row, [])).toBe(403)
  })
})
