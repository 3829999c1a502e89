import { seededRandom, toHex } from '@keyline/bytes'
import {
  curveKeyPair,
  deterministicNonces,
  drawPrivateKey,
  p256FromScalar,
  sha256,
  signDigest,
} from '@keyline/crypto'
import {
  coseAlgorithms,
  corimMaxLength,
  decodeCorim,
  encodeCorim,
  psaCorimProfile,
  signCorim,
  type DigestSigner,
} from '@keyline/eat'
import { keyThumbprint, VerifierError } from '@keyline/verifier'
import { pemEncode } from '@keyline/x509'
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
import type { VerifierStore } from '../port.ts'
import { MemoryVerifierStore } from '../testing/memory-record.ts'
import { acceptedSigners } from './accepted-signers.ts'
import { corimMediaTypes } from './corim-type.ts'
import { provisioningEndpoints } from './endpoints.ts'
import { provisioningSessionType } from './session.ts'
import type { ProvisioningParts, SubmissionEvent } from './submit.ts'

const one = verifiedDevice(1)
const two = verifiedDevice(2)
const corim = deviceCorim([one, two])
const path = '/endorsement-provisioning/v1/submit'
const [unsignedType, signedType] = corimMediaTypes
const provisioner = { name: 'factory', roles: ['provisioner'] } as const
const manager = { name: 'boss', roles: ['manager'] } as const

const privateKey = drawPrivateKey('P-256', seededRandom('corim signer'))
const { publicKey } = curveKeyPair('P-256', privateKey)
const signer: DigestSigner = {
  algorithm: coseAlgorithms.ES256,
  signDigest: (digest) =>
    signDigest({ curve: 'P-256', privateKey, digest, nonces: deterministicNonces('SHA-256') }),
}
const signed = await signCorim(corim, signer, {
  meta: { signer: 'firmware team' },
  keyId: keyThumbprint(publicKey),
})

function service(parts: Partial<ProvisioningParts> = {}) {
  const store = new MemoryVerifierStore()
  const clock = new HandClock(deviceTime * 1000)
  const events: SubmissionEvent[] = []
  const onSubmission = (event: SubmissionEvent): void => void events.push(event)
  const endpoints = provisioningEndpoints({ clock, sessionTtlMs: 150_000, onSubmission, ...parts })
  const submit = (question: Partial<Question> = {}): Promise<Answer> => {
    const headers = { 'content-type': unsignedType, ...question.headers }
    const defaults = { method: 'POST', path, body: corim, principal: provisioner } as const
    return ask(endpoints, store, { ...defaults, ...question, headers })
  }
  return { store, events, endpoints, submit }
}

const bodyOf = ({ body }: Answer): unknown => JSON.parse(String(body))

describe('a CoRIM that is submitted', () => {
  it('is stored and active at once, and the same one again changes nothing', async () => {
    const { store, submit, events } = service()
    for (const added of [2, 0]) {
      const answer = await submit({ headers: { accept: provisioningSessionType } })
      expect(answer).toMatchObject({ status: 200, type: provisioningSessionType })
      expect(bodyOf(answer)).toEqual({
        status: 'success',
        expiry: new Date(deviceTime * 1000 + 150_000).toISOString(),
      })
      const [last] = events.splice(0)
      expect(last).toMatchObject({ by: 'factory', report: { trustAnchors: { added } } })
    }
    expect(store.trust.size).toBe(2)
    expect((await store.corims.list(10))[0]).toEqual({
      corimId: store.trust.findAnchor(deviceImplementation, one.instanceId)?.source,
      sha256: toHex(sha256(corim)),
      octets: corim.length,
      submittedBy: 'factory',
      submittedAt: deviceTime * 1000,
    })
  })

  it('is found by its hash, and nothing else is', async () => {
    const { endpoints, store, submit } = service()
    await submit()
    const principal = provisioner
    const found = (id: string): Promise<Answer> =>
      ask(endpoints, store, { path: `${path.replace('submit', 'submissions')}/${id}`, principal })
    expect(bodyOf(await found(toHex(sha256(corim))))).toMatchObject({ status: 'success' })
    expect(await found('0'.repeat(64))).toMatchObject({ status: 404 })
    expect(await found('x')).toMatchObject({ status: 404 })
  })

  it('is taken in the order credentials, Accept, media type, body', async () => {
    const { submit, store } = service()
    const wrong = { accept: 'text/html', 'content-type': 'text/plain' }
    const typed = { accept: '*/*', 'content-type': 'text/plain' }
    const body = new Uint8Array()
    const noRole = { name: 'x', roles: ['client', 'auditor'] } as const
    expect(await submit({ principal: undefined, headers: wrong, body })).toMatchObject({
      status: 401,
    })
    expect(await submit({ principal: noRole, headers: wrong, body })).toMatchObject({ status: 403 })
    const notAcceptable = await submit({ headers: wrong, body })
    expect(notAcceptable.status).toBe(406)
    expect(bodyOf(notAcceptable)).toMatchObject({
      message: `the only supported output format is ${provisioningSessionType}`,
    })
    const notTaken = await submit({ headers: typed, body })
    expect(notTaken.status).toBe(415)
    expect(bodyOf(notTaken)).toMatchObject({
      message: 'no active plugin found for text/plain',
      details: { accept: corimMediaTypes.join(', ') },
    })
    const empty = await submit({ body })
    expect(empty.status).toBe(400)
    expect(bodyOf(empty)).toMatchObject({ message: 'empty body' })
    expect(store.trust.size).toBe(0)
  })

  it.each([
    'application/rim+cbor',
    'application/rim+cbor; profile="tag:arm.com,2025:psa#2.0.0"',
    'application/rim+cbor; profile="http://arm.com/psa/iot/1"',
    `application/rim+cbor; profile="${psaCorimProfile}"; charset=utf-8`,
    'application/json',
    '',
  ])('has a media type of a plugin, not %j', async (type) => {
    const { submit } = service()
    expect(await submit({ headers: { 'content-type': type } })).toMatchObject({ status: 415 })
  })

  it.each([
    `Application/RIM+CBOR ;Profile="${psaCorimProfile}"`,
    `application/rim+cbor;profile="tag:arm.com,2025:psa\\#1.0.0"`,
  ])('may name its media type as %j', async (type) => {
    const { submit } = service()
    expect(await submit({ headers: { 'content-type': type } })).toMatchObject({ status: 200 })
  })

  it.each([
    ['E_CBOR_', 'no CBOR', Uint8Array.of(0xff)],
    ['E_CORIM_TAG', 'no CoRIM', Uint8Array.of(0xa0)],
    ['E_', 'a cut one', corim.subarray(0, -1)],
    ['E_CBOR_', 'more behind it', Uint8Array.of(...corim, 0)],
    ['E_CORIM_TAG', 'a signed one', signed],
    [
      'E_CORIM_PROFILE_UNSUPPORTED',
      'one of another profile',
      encodeCorim({
        ...decodeCorim(corim),
        profile: { type: 'uri', uri: 'http://arm.com/psa/iot/1' },
      }),
    ],
    [
      'E_CORIM_VALIDITY',
      'one that has ended',
      encodeCorim({ ...decodeCorim(corim), validity: { notAfter: deviceTime - 1 } }),
    ],
    [
      'E_CORIM_CONFLICT',
      'two keys for one device',
      deviceCorim([one, { instanceId: one.instanceId, publicKey: two.publicKey }]),
    ],
  ])('is refused with 200 and %s… when it is %s', async (code, _what, body) => {
    const { submit, store, events } = service()
    const answer = await submit({ body })
    expect(answer).toMatchObject({ status: 200, type: provisioningSessionType })
    expect(bodyOf(answer)).toMatchObject({ status: 'failed' })
    expect(JSON.stringify(bodyOf(answer))).toContain(`"failure-reason":"${code}`)
    expect(events).toMatchObject([{ outcome: 'refused' }])
    expect(store.trust.size).toBe(0)
    expect(await store.corims.list(10)).toEqual([])
  })

  it('gives a known device another key for a manager who says so alone', async () => {
    const { submit, store } = service()
    await submit()
    const body = deviceCorim([
      { instanceId: one.instanceId, publicKey: verifiedDevice(3).publicKey },
    ])
    const known = store.trust.findAnchor(deviceImplementation, one.instanceId)?.key
    const replacing = `${path}?replace=true`
    expect(bodyOf(await submit({ body }))).toMatchObject({ status: 'failed' })
    expect(bodyOf(await submit({ body, principal: manager }))).toMatchObject({ status: 'failed' })
    expect(await submit({ body, path: replacing })).toMatchObject({ status: 403 })
    expect(store.trust.findAnchor(deviceImplementation, one.instanceId)?.key).toEqual(known)
    const done = await submit({ body, path: replacing, principal: manager })
    expect(bodyOf(done)).toMatchObject({ status: 'success' })
    expect(store.trust.findAnchor(deviceImplementation, one.instanceId)?.key).not.toEqual(known)
    for (const query of ['replace=1', 'replace=true&replace=false']) {
      const refused = await submit({ body, path: `${path}?${query}`, principal: manager })
      expect(refused.status).toBe(400)
    }
    expect(await submit({ path: `${path}?replace=` })).toMatchObject({ status: 200 })
  })

  it('is too large beyond 16 MiB', async () => {
    const { submit, endpoints } = service()
    expect(endpoints[0]?.bodyLimit).toBe(corimMaxLength)
    expect(corimMaxLength).toBe(16_777_216)
    const answer = await submit({ body: new Uint8Array(corimMaxLength + 1) })
    expect(answer.status).toBe(413)
  })

  it.each(['begin', 'addAnchor', 'commit', 'record'])(
    'is neither stored nor refused when the record fails at %s: 503',
    async (step) => {
      const { store, endpoints } = service()
      const failing = <T>(name: string, value: T): T => {
        if (step === name) throw new VerifierError('STORE_UNAVAILABLE', 'the database is gone')
        return value
      }
      const broken: VerifierStore = {
        trust: store.trust,
        sessions: store.sessions,
        seen: store.seen,
        policies: store.policies,
        appraisals: store.appraisals,
        corims: {
          record: async () => failing('record', undefined),
          list: (limit) => store.corims.list(limit),
        },
        endorsements: {
          setState: () => false,
          begin: async (source) => {
            const real = failing('begin', store.trust.begin(source))
            return {
              addAnchor: async (anchor, options) =>
                failing('addAnchor', await real.addAnchor(anchor, options)),
              addReference: (value) => real.addReference(value),
              addCertification: (value) => real.addCertification(value),
              commit: async () => failing('commit', real).commit(),
              rollback: () => real.rollback(),
            }
          },
        },
      }
      const headers = { 'content-type': unsignedType }
      const question = {
        method: 'POST',
        path,
        body: corim,
        principal: provisioner,
        headers,
      } as const
      const answer = await ask(endpoints, broken, question)
      expect(answer.status).toBe(503)
      expect(bodyOf(answer)).toMatchObject({ code: 'SERVER_UNAVAILABLE' })
      expect(store.trust.size).toBe(step === 'record' ? 2 : 0)
      expect(await store.corims.list(10)).toEqual([])
      // The sender tries again: what was stored already does no harm.
      expect(bodyOf(await ask(endpoints, store, question))).toMatchObject({ status: 'success' })
      expect(await store.corims.list(10)).toHaveLength(1)
    },
  )
})

describe('a signed CoRIM', () => {
  const headers = { 'content-type': signedType }

  it('is stored when its signer is accepted, and says who signed', async () => {
    const { submit, store } = service({ signers: { keys: [publicKey] } })
    expect(bodyOf(await submit({ headers, body: signed }))).toMatchObject({ status: 'success' })
    expect(await store.corims.list(10)).toMatchObject([{ signer: 'firmware team' }])
  })

  it.each([
    ['nobody is accepted', {}, signed],
    ['another is accepted', { signers: { keys: [one.publicKey] } }, signed],
    [
      'it was changed',
      { signers: { keys: [publicKey] } },
      Uint8Array.of(...signed.subarray(0, -1), (signed.at(-1) ?? 0) ^ 1),
    ],
  ])('is refused when %s', async (_when, parts, body) => {
    const { submit, store } = service(parts)
    const answer = await submit({ headers, body })
    expect(bodyOf(answer)).toMatchObject({ status: 'failed' })
    expect(String(answer.body)).toContain('E_CORIM_SIGNATURE')
    expect(store.trust.size).toBe(0)
  })

  it('is the only kind that is taken once there are signers, unless the owner says otherwise', async () => {
    const signers = { keys: [publicKey] }
    const strict = await service({ signers }).submit()
    expect(bodyOf(strict)).toMatchObject({ status: 'failed' })
    expect(String(strict.body)).toContain('E_CORIM_SIGNATURE')
    const lenient = await service({ signers, requireSigned: false }).submit()
    expect(bodyOf(lenient)).toMatchObject({ status: 'success' })
    const closed = await service({ requireSigned: true }).submit()
    expect(bodyOf(closed)).toMatchObject({ status: 'failed' })
  })

  it('may bring the certificates of its signer, which an accepted authority has issued', async () => {
    const notBefore = '2025-01-01'
    const authority = await certify({
      commonName: 'CA',
      notBefore,
      extensions: authorityExtensions,
    })
    const team = await certify({
      commonName: 'team',
      issuer: authority,
      pair: p256FromScalar(privateKey),
      notBefore,
      extensions: signerExtensions,
    })
    const about = { meta: { signer: 'team' }, certificateChain: [team.der] }
    const body = await signCorim(corim, signer, about)
    const authorities = [pemEncode('CERTIFICATE', authority.der)]
    const { submit } = service({ signers: acceptedSigners({ authorities }) })
    expect(bodyOf(await submit({ headers, body }))).toMatchObject({ status: 'success' })
    const other = await certify({ commonName: 'CA', notBefore, extensions: authorityExtensions })
    const strangers = [pemEncode('CERTIFICATE', other.der)]
    const closed = service({ signers: acceptedSigners({ authorities: strangers }) })
    const refused = await closed.submit({ headers, body })
    expect(String(refused.body)).toContain('E_CORIM_SIGNATURE: the certificate of the signer')
  })

  it('comes under the media type of signed ones', async () => {
    const { submit } = service({ signers: { keys: [publicKey] }, requireSigned: false })
    expect(String((await submit({ headers, body: corim })).body)).toContain('E_CORIM_TAG')
    expect(String((await submit({ body: signed })).body)).toContain('E_CORIM_TAG')
  })
})

describe('activation', () => {
  it.each(['activate', 'deactivate'])('%s is not implemented: 501', async (verb) => {
    const { endpoints, store } = service()
    const verbPath = `/endorsement-provisioning/v1/${verb}`
    const question = { method: 'POST', path: verbPath, principal: provisioner } as const
    const answer = await ask(endpoints, store, question)
    expect(answer.status).toBe(501)
    expect(bodyOf(answer)).toMatchObject({ remedy: expect.stringContaining('active at once') })
  })
})
