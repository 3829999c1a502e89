import { fromHex, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { importCorim } from '@keyline/verifier'
import { basicConstraints, pemEncode } from '@keyline/x509'
import { seededRandom } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import {
  deviceCorim,
  deviceImplementation,
  deviceTime,
  verifiedDevice,
} from '../../../../../test/support/verified-device.ts'
import type { Answer } from '../../answer/answer.ts'
import { HandClock } from '../../testing/hand-clock.ts'
import { ask, type Question } from '../credential/testing/ask.ts'
import { authorityExtensions, certify, signerExtensions } from '../credential/testing/authority.ts'
import type { AppraisalRecord } from '../port.ts'
import { MemoryRecord, MemoryVerifierStore } from '../testing/memory-record.ts'
import type { AuthorityRecord, AuthorityStore, DenialRecord } from './authority-store.ts'
import { managementEndpoints } from './endpoints.ts'

const one = verifiedDevice(1)
const two = verifiedDevice(2)
const principal = { name: 'boss', roles: ['manager'] } as const

/** Authorities in memory. */
class MemoryAuthorities implements AuthorityStore {
  readonly #trusted = new Map<string, AuthorityRecord>()
  readonly #denied = new Map<string, DenialRecord>()

  async trust(input: Parameters<AuthorityStore['trust']>[0]): Promise<string> {
    const name = toHex(sha256(input.certificate))
    this.#trusted.set(name, { ...input, sha256: name, subject: 'CA', addedAt: 0 })
    return name
  }

  async remove(name: string): Promise<boolean> {
    return this.#trusted.delete(name)
  }

  async list(): Promise<readonly AuthorityRecord[]> {
    return [...this.#trusted.values()]
  }

  async deny(denial: DenialRecord): Promise<void> {
    this.#denied.set(`${denial.kind} ${denial.value}`, denial)
  }

  async allow({ kind, value }: Omit<DenialRecord, 'reason'>): Promise<boolean> {
    return this.#denied.delete(`${kind} ${value}`)
  }

  async denied(): Promise<readonly DenialRecord[]> {
    return [...this.#denied.values()]
  }
}

class ManagedStore extends MemoryVerifierStore {
  readonly authorities = new MemoryAuthorities()
}

function service(store: MemoryVerifierStore = new ManagedStore()) {
  const { credentials } = new MemoryRecord()
  const clock = new HandClock(deviceTime * 1000)
  const endpoints = managementEndpoints({ clock, random: seededRandom('x'), credentials })
  const request = (path: string, question: Partial<Question> = {}): Promise<Answer> =>
    ask(endpoints, store, { path: `/management/v1${path}`, principal, ...question })
  const send = (method: 'POST' | 'DELETE', path: string, value?: unknown): Promise<Answer> =>
    request(path, {
      method,
      ...(value !== undefined && {
        body: JSON.stringify(value),
        headers: { 'content-type': 'application/json' },
      }),
    })
  return { store, credentials, request, send }
}

const bodyOf = ({ body }: Answer): unknown => JSON.parse(String(body))

describe('a device', () => {
  it('is taken out of trust and back, again and again, and an unknown one is not there', async () => {
    const { store, send } = service()
    await importCorim(deviceCorim([one]), store.endorsements, { time: deviceTime })
    const state = () => store.trust.findAnchor(deviceImplementation, one.instanceId)?.state
    const path = `/devices/${toHex(one.instanceId)}`
    for (const [verb, wanted] of [
      ['revoke', 'revoked'],
      ['revoke', 'revoked'],
      ['restore', 'active'],
      ['restore', 'active'],
    ]) {
      expect(await send('POST', `${path}/${verb}`)).toEqual({ status: 204 })
      expect(state()).toBe(wanted)
    }
    expect(await send('POST', `/devices/${toHex(two.instanceId)}/revoke`)).toMatchObject({
      status: 404,
    })
  })

  it.each(['x', '01ab', `02${'00'.repeat(32)}`, toHex(one.instanceId).toUpperCase()])(
    'has no id like %s: 400',
    async (id) => {
      const { send, request } = service()
      expect(await send('POST', `/devices/${id}/revoke`)).toMatchObject({ status: 400 })
      expect(await request(`/devices/${id}/appraisals`)).toMatchObject({ status: 400 })
    },
  )

  it('has appraisals of its own, the newest first, as many as are asked for', async () => {
    const { store, request } = service()
    const record = (at: number, device: typeof one): AppraisalRecord => ({
      at,
      sessionHash: '00',
      mediaType: 'application/psa-attestation-token',
      evidenceHash: '11',
      instanceId: toHex(device.instanceId),
      outcome: 'genuine',
      status: 'affirming',
      vector: { hardware: 2 },
      codes: [],
    })
    await store.appraisals.append([record(1, one), record(2, two), record(3, one)])
    const path = `/devices/${toHex(one.instanceId)}/appraisals`
    const found = bodyOf(await request(path))
    expect(found).toMatchObject([
      { at: '1970-01-01T00:00:00.003Z', vector: { hardware: 2 } },
      { at: '1970-01-01T00:00:00.001Z', codes: [] },
    ])
    expect(bodyOf(await request(`${path}?limit=1`))).toHaveLength(1)
    expect(bodyOf(await request('/appraisals'))).toHaveLength(3)
    for (const limit of ['0', '1001', '-1', '1e2', 'all', '']) {
      expect(await request(`${path}?limit=${limit}`)).toMatchObject({ status: 400 })
    }
  })
})

describe('what the record keeps', () => {
  it('of CoRIMs is told without their octets', async () => {
    const { store, request } = service()
    const corim = { corimId: 'a', sha256: '00', octets: 3, submittedBy: 'factory' }
    await store.corims.record({ ...corim, submittedAt: 0 })
    expect(bodyOf(await request('/corims'))).toEqual([
      { ...corim, submittedAt: '1970-01-01T00:00:00.000Z' },
    ])
  })

  it('of credentials is told without what they are checked by, and a name is shut out', async () => {
    const { credentials, request, send } = service()
    const names = { name: 'alice', kind: 'password', roles: ['auditor'] } as const
    await credentials.add({ ...names, verifier: '$scrypt$secret', createdAt: 0, expiresAt: 1 })
    const answer = await request('/credentials')
    expect(bodyOf(answer)).toEqual([
      {
        ...names,
        createdAt: '1970-01-01T00:00:00.000Z',
        expiresAt: '1970-01-01T00:00:00.001Z',
      },
    ])
    expect(String(answer.body)).not.toContain('scrypt')
    expect(await send('DELETE', '/credentials/alice')).toEqual({ status: 204 })
    expect(await send('DELETE', '/credentials/alice')).toMatchObject({ status: 404 })
    expect(await send('DELETE', '/credentials/a%20b')).toMatchObject({ status: 400 })
  })
})

describe('authorities of device certificates', () => {
  it('are trusted with their settings, listed, and taken out', async () => {
    const { request, send } = service()
    const { der } = await certify({ commonName: 'CA', extensions: authorityExtensions })
    const certificate = pemEncode('CERTIFICATE', der)
    const settings = { subjectPrefixes: ['stm32u3xx-usfu-'], acceptUnregistered: true }
    const made = await send('POST', '/authorities', { certificate, ...settings })
    const name = toHex(sha256(der))
    expect([made.status, bodyOf(made)]).toEqual([201, { sha256: name }])
    const addedAt = '1970-01-01T00:00:00.000Z'
    expect(bodyOf(await request('/authorities'))).toEqual([
      { sha256: name, subject: 'CA', certificate, ...settings, addedAt },
    ])
    expect(await send('DELETE', `/authorities/${name}`)).toEqual({ status: 204 })
    expect(await send('DELETE', `/authorities/${name}`)).toMatchObject({ status: 404 })
    expect(await send('DELETE', '/authorities/x')).toMatchObject({ status: 400 })
  })

  it('are not what is no authority, or no certificate', async () => {
    const { send, request } = service()
    const plain = await certify({ commonName: 'device', extensions: signerExtensions })
    const silent = await certify({ commonName: 'CA', extensions: [] })
    const late = await certify({ commonName: 'CA', extensions: [basicConstraints({ ca: true })] })
    for (const certificate of [
      pemEncode('CERTIFICATE', plain.der),
      pemEncode('CERTIFICATE', silent.der),
      pemEncode('CERTIFICATE', late.der.subarray(0, -1)),
      'x',
    ]) {
      expect(await send('POST', '/authorities', { certificate })).toMatchObject({ status: 400 })
    }
    const certificate = pemEncode('CERTIFICATE', late.der)
    for (const body of [{}, { certificate, trusted: true }, { certificate, subjectPrefixes: [] }]) {
      expect(await send('POST', '/authorities', body)).toMatchObject({ status: 400 })
    }
    const untyped = { method: 'POST', body: JSON.stringify({ certificate }) } as const
    expect(await request('/authorities', untyped)).toMatchObject({ status: 415 })
    expect(bodyOf(await request('/authorities'))).toEqual([])
  })

  it('are outdone by the deny list', async () => {
    const { request, send } = service()
    const denials = [
      { kind: 'serial-number', value: '0102030405060708090a', reason: 'lost' },
      { kind: 'subject', value: 'stm32u3xx-usfu-0102', reason: 'stolen' },
      { kind: 'key-hash', value: toHex(sha256(fromHex('04'))), reason: 'leaked' },
    ]
    for (const denial of denials) {
      expect(await send('POST', '/denied-certificates', denial)).toEqual({ status: 204 })
    }
    expect(bodyOf(await request('/denied-certificates'))).toEqual(denials)
    for (const { kind, value } of denials) {
      const path = `/denied-certificates/${kind}/${value}`
      expect(await send('DELETE', path)).toEqual({ status: 204 })
      expect(await send('DELETE', path)).toMatchObject({ status: 404 })
    }
    for (const denial of [
      { kind: 'serial-number', value: '0X', reason: 'x' },
      { kind: 'key-hash', value: 'ab', reason: 'x' },
      { kind: 'colour', value: 'ab', reason: 'x' },
      { kind: 'subject', value: 'ab', reason: '' },
    ]) {
      expect(await send('POST', '/denied-certificates', denial)).toMatchObject({ status: 400 })
    }
    expect(await send('DELETE', '/denied-certificates/colour/ab')).toMatchObject({ status: 400 })
  })

  it('of a record that keeps none are configured elsewhere: 501', async () => {
    const { request } = service(new MemoryVerifierStore())
    expect(await request('/authorities')).toMatchObject({ status: 501 })
  })
})
