import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret, seededRandom, systemClock, systemRandom, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { openAttestationRecord, type AttestationRecord } from '@keyline/ledger/attestation'
import { psaCorimProfile } from '@keyline/eat'
import { pemEncode } from '@keyline/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  deviceCorim,
  deviceImplementation,
  verifiedDevice,
} from '../../../../../test/support/verified-device.ts'
import { z } from 'zod'
import type { Answer } from '../../answer/answer.ts'
import { Credentials } from '../credential/credentials.ts'
import { hashPassword } from '../credential/password-hash.ts'
import { ask, type Question } from '../credential/testing/ask.ts'
import { authorityExtensions, certify } from '../credential/testing/authority.ts'
import { provisioningEndpoints } from '../provisioning/endpoints.ts'
import { ActivePolicies } from './active-policy.ts'
import { managementEndpoints } from './endpoints.ts'
import { PolicyType } from './policies.ts'

let folder = ''
let opened: AttestationRecord | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-verifier-'))
  opened = await openAttestationRecord({
    database: { kind: 'sqlite', file: join(folder, 'ledger.db') },
    storeKey: new Secret(new Uint8Array(32).fill(7)),
    clock: systemClock,
    random: systemRandom,
    actor: 'verifier',
  })
})

afterAll(async () => {
  await opened?.close()
  await rm(folder, { recursive: true })
})

/** The record of this file. */
function recordOf(): AttestationRecord {
  if (opened === undefined) throw new TypeError('no record')
  return opened
}

const principal = { name: 'boss', roles: ['manager'] } as const
const bodyOf = ({ body }: Answer): unknown => JSON.parse(String(body))

function request(path: string, question: Partial<Question> = {}): Promise<Answer> {
  const parts = { clock: systemClock, random: systemRandom, credentials: recordOf().credentials }
  const endpoints = [
    ...provisioningEndpoints({ clock: systemClock, sessionTtlMs: 1_000 }),
    ...managementEndpoints(parts),
  ]
  return ask(endpoints, recordOf().tenant('0'), { method: 'POST', path, principal, ...question })
}

function uuidOf(answer: Answer): string {
  return z.object({ uuid: z.uuid() }).parse(bodyOf(answer)).uuid
}

describe('over the SQL record', () => {
  it('a CoRIM is stored, told of, and its device taken out of trust', async () => {
    const device = verifiedDevice(1)
    const headers = { 'content-type': `application/rim+cbor; profile="${psaCorimProfile}"` }
    const body = deviceCorim([device])
    for (let time = 0; time < 2; time++) {
      const answer = await request('/endorsement-provisioning/v1/submit', { headers, body })
      expect(bodyOf(answer)).toMatchObject({ status: 'success' })
    }
    const corims = await request('/management/v1/corims', { method: 'GET' })
    expect(bodyOf(corims)).toMatchObject([{ sha256: toHex(sha256(body)), submittedBy: 'boss' }])
    const state = async () =>
      (await recordOf().tenant('0').trust.findAnchor(deviceImplementation, device.instanceId))
        ?.state
    expect(await state()).toBe('active')
    const path = `/management/v1/devices/${toHex(device.instanceId)}`
    expect(await request(`${path}/revoke`)).toEqual({ status: 204 })
    expect(await state()).toBe('revoked')
    expect(await request(`${path}/restore`)).toEqual({ status: 204 })
    expect(await state()).toBe('active')
  })

  it('one policy is active, and compiled for appraisals', async () => {
    const rules = '{"rules":[{"when":{},"set":{"status":"warning"}}]}'
    const headers = { 'content-type': PolicyType.native }
    const policies = new ActivePolicies()
    for (const name of ['one', 'other']) {
      const made = await request(`/management/v1/policy/PSA_IOT?name=${name}`, {
        headers,
        body: rules,
      })
      const uuid = uuidOf(made)
      expect(await request(`/management/v1/policy/PSA_IOT/${uuid}/activate`)).toEqual({
        status: 204,
      })
      expect(await policies.of(recordOf().tenant('0'))).toMatchObject({ id: uuid })
    }
    const list = bodyOf(await request('/management/v1/policies/PSA_IOT', { method: 'GET' }))
    expect(list).toMatchObject([
      { name: 'one', active: false },
      { name: 'other', active: true },
    ])
    await request('/management/v1/policies/PSA_IOT/deactivate')
    expect(await policies.of(recordOf().tenant('0'))).toBeUndefined()
  })

  it('an authority is trusted and a certificate denied', async () => {
    const { der } = await certify({ commonName: 'CA', extensions: authorityExtensions })
    const headers = { 'content-type': 'application/json' }
    const authority = JSON.stringify({ certificate: pemEncode('CERTIFICATE', der) })
    expect(await request('/management/v1/authorities', { headers, body: authority })).toMatchObject(
      {
        status: 201,
      },
    )
    const denial = JSON.stringify({ kind: 'subject', value: 'stm32', reason: 'lost' })
    await request('/management/v1/denied-certificates', { headers, body: denial })
    const { anchors, denied } = await recordOf().tenant('0').trust.certificateTrust()
    expect(anchors.map(({ certificate }) => certificate.der)).toEqual([der])
    expect([...(denied?.subjects ?? [])]).toEqual(['stm32'])
  })

  it('a password is checked, until its name is shut out', async () => {
    const random = seededRandom('sql')
    const cost = { costLog2: 4, blockSize: 1, parallelism: 1 }
    const secret = new Secret(new TextEncoder().encode('correct horse battery'))
    const verifier = await hashPassword(secret, random, cost)
    const roles = ['auditor'] as const
    await recordOf().credentials.add(
      { name: 'alice', kind: 'password', roles, verifier, createdAt: 0 },
      'x',
    )
    const { credentials: store } = recordOf()
    const credentials = new Credentials({
      store,
      clock: systemClock,
      random,
      policy: 'production',
      cost,
    })
    const basic = `Basic ${btoa('alice:correct horse battery')}`
    expect(await credentials.authenticate(basic)).toEqual({ name: 'alice', roles })
    await request('/management/v1/credentials/alice', { method: 'DELETE' })
    await expect(credentials.authenticate(basic)).rejects.toThrow('wrong')
  })
})
