import { encodeUtf8, toBase64url } from '@keyline/bytes'
import {
  curveKeyPair,
  curvePublicKey,
  generateP256,
  keyPairSigner,
  signMessage,
} from '@keyline/crypto'
import { EatError, earToJson } from '@keyline/eat'
import {
  calculateJwkThumbprint,
  importJWK,
  jwtVerify,
  SignJWT,
  exportJWK,
  generateKeyPair,
} from 'jose'
import { describe, expect, it } from 'vitest'
import {
  deviceCorim,
  deviceNonce as nonce,
  deviceTime as time,
  verifiedDevice,
} from '../../../../test/support/verified-device.ts'
import { importCorim } from '../endorse/import-corim.ts'
import { VerifierError } from '../errors.ts'
import { MemoryTrustStore } from '../store/memory-store.ts'
import type { Verification } from '../verdict/verdict.ts'
import { verifyEvidence } from '../verify/verify.ts'
import { publicJwk, resultSigner } from './jws.ts'
import { makeResult, unresolvedResult, type ResultContext } from './make-result.ts'
import { readResult, signResult } from './result-token.ts'

const pair = generateP256()
const signer = resultSigner(keyPairSigner(pair))
const point = pair.publicKey.point.subarray(1)
const key = { algorithm: 'ES256', publicKey: curvePublicKey('P-256', point) } as const
const device = verifiedDevice(1)
const store = new MemoryTrustStore()
await importCorim(deviceCorim([device]), store, { time })
const context: ResultContext = {
  issuedAt: time,
  nonce,
  verifierId: { developer: 'https://keyline.example', build: 'keyline 0.1.0' },
}

async function verified(session: Uint8Array = nonce): Promise<Verification> {
  return verifyEvidence(await device.token(), { store, nonce: session, time })
}

function made(verification: Verification, changes: Partial<ResultContext> = {}) {
  const result = makeResult(verification, { ...context, ...changes })
  if (result === undefined) throw new TypeError('no result')
  return result
}

function codeOf(act: () => unknown): string {
  try {
    act()
    return 'none'
  } catch (error) {
    if (error instanceof VerifierError || error instanceof EatError) return error.code
    throw error
  }
}

function encode(value: unknown): string {
  return toBase64url(encodeUtf8(JSON.stringify(value)))
}

describe('a result', () => {
  it.each(['veraison-2023', 'ietf-2026-03'] as const)(
    'in the dialect %s is signed, read again, and verified by another library',
    async (dialect) => {
      const result = made(await verified(), { dialect, lifetime: 300 })
      const jwt = await signResult(result, signer)
      const { profile: _, ...read } = readResult(jwt, key, time)
      expect(read).toEqual({
        rawEvidence: undefined,
        status: undefined,
        ...result,
        submods: read.submods,
      })
      expect(earToJson(read)).toEqual(earToJson(result))
      const jwk = publicJwk('P-256', point)
      const { payload, protectedHeader } = await jwtVerify(jwt, await importJWK(jwk, 'ES256'), {
        currentDate: new Date(time * 1000),
      })
      expect(payload).toEqual(earToJson(result))
      expect(protectedHeader).toEqual({
        alg: 'ES256',
        typ: 'JWT',
        kid: await calculateJwkThumbprint(jwk),
      })
    },
  )

  it('has r and s of full length, however short the signer writes them', async () => {
    const der = Uint8Array.of(0x30, 0x07, 0x02, 0x01, 0x01, 0x02, 0x02, 0x00, 0x82)
    const short = resultSigner({ publicKey: pair.publicKey, sign: async () => der })
    const wanted = new Uint8Array(64)
    wanted[31] = 0x01
    wanted[63] = 0x82
    expect(await short.sign(new Uint8Array())).toEqual(wanted)
  })

  it('of another library is read', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES384', { extractable: true })
    const claims = Object.fromEntries(Object.entries(earToJson(made(await verified()))))
    const jwt = await new SignJWT(claims).setProtectedHeader({ alg: 'ES384' }).sign(privateKey)
    const { x = '', y = '' } = await exportJWK(publicKey)
    const octets = Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
    const other = { algorithm: 'ES384', publicKey: curvePublicKey('P-384', octets) } as const
    expect(readResult(jwt, other, time).submods.get('PSA_IOT')?.status).toBe('affirming')
    expect(codeOf(() => readResult(jwt, { ...other, publicKey: key.publicKey }, time))).toBe(
      'E_SIG_INVALID',
    )
  })

  it('of a refusal tells problem and code, and no claim of the evidence', async () => {
    const json = earToJson(made(await verified(new Uint8Array(32))))
    expect(json['submods']).toMatchObject({
      PSA_IOT: {
        'ear.status': 'contraindicated',
        'ear.trustworthiness-vector': { hardware: 99, 'sourced-data': 99 },
        'ear.appraisal-policy-id': 'policy:PSA_IOT',
        'ear.veraison.policy-claims': { code: 'E_NONCE_MISMATCH' },
      },
    })
    expect(JSON.stringify(json)).not.toContain('annotated-evidence')
  })

  it('in the dialect of the working group leaves out a nonce that is too short for it', async () => {
    const verification = await verified()
    const json = earToJson(
      made(verification, { dialect: 'ietf-2026-03', nonce: new Uint8Array(7) }),
    )
    expect(json['eat_nonce']).toBeUndefined()
    expect(json['ear_status']).toBe('affirming')
  })

  it('shows of the claims what it is told to', async () => {
    const verification = await verified()
    const texts = (['full', 'redacted', 'off'] as const).map((annotatedEvidence) =>
      JSON.stringify(earToJson(made(verification, { annotatedEvidence }))),
    )
    expect(texts.map((text) => text.includes('psa-client-id'))).toEqual([true, true, false])
    expect(texts.map((text) => text.includes('psa-instance-id'))).toEqual([true, false, false])
  })

  it('repeats the nonce of the session with padding, and the evidence where it is asked for', async () => {
    const json = earToJson(made(await verified(), { rawEvidence: Uint8Array.of(1, 2) }))
    expect(json['eat_nonce']).toBe(
      Buffer.from(nonce).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
    )
    expect(json['ear.raw-evidence']).toBe('AQI')
    const short = await verified(new Uint8Array(4))
    expect(earToJson(made(short, { nonce: new Uint8Array(4) }))['eat_nonce']).toBeUndefined()
  })

  it('with a policy and warnings names both', async () => {
    const verification = await verified()
    if (verification.outcome !== 'genuine') throw new TypeError('not genuine')
    const appraisal = { ...verification.appraisal, policyId: 'uuid', warnings: ['other key'] }
    expect(earToJson(made({ ...verification, appraisal }))['submods']).toMatchObject({
      PSA_IOT: {
        'ear.appraisal-policy-id': 'policy:PSA_IOT/uuid',
        'ear.veraison.policy-claims': { warnings: ['other key'] },
      },
    })
    const bad = { ...appraisal, status: 'contraindicated' } as const
    const contraindicated = {
      outcome: 'contraindicated',
      reason: { kind: 'appraisal', appraisal: bad },
    } as const
    expect(made(contraindicated).submods.get('PSA_IOT')?.status).toBe('contraindicated')
  })

  it('of a policy that failed says nothing of the device; of a store that failed there is none', () => {
    const failed = { outcome: 'could-not-check', message: 'x' } as const
    const result = made({ ...failed, code: 'POLICY_MALFUNCTION' })
    expect(result.submods.get('PSA_IOT')).toMatchObject({
      status: 'none',
      vector: { hardware: -1, configuration: -1 },
    })
    expect(makeResult({ ...failed, code: 'STORE_UNAVAILABLE' }, context)).toBeUndefined()
  })

  it('for evidence of no scheme is none, with its problem', () => {
    expect(earToJson(unresolvedResult(context))['submods']).toMatchObject({
      ERROR: {
        'ear.status': 'none',
        'ear.veraison.policy-claims': { problem: 'could not resolve media type' },
      },
    })
  })
})

describe('a reader of results', () => {
  it.each([
    ['no segments', ''],
    ['two segments', 'e30.e30'],
    ['a header that is no base64url', '*.e30.AA'],
    ['a header that is no object', `${encode([])}.e30.AA`],
    ['a header that is no JSON', `${toBase64url(encodeUtf8('{'))}.e30.AA`],
    ['a header that is no UTF-8', `${toBase64url(Uint8Array.of(0xff))}.e30.AA`],
    ['a member twice', `${toBase64url(encodeUtf8('{"alg":"ES256","alg":"none"}'))}.e30.AA`],
    ['a signature that is no base64url', `${encode({ alg: 'ES256' })}.e30.*`],
    ['critical members', `${encode({ alg: 'ES256', crit: ['b64'] })}.e30.AA`],
    ['too many characters', 'a'.repeat(1_100_000)],
  ])('refuses %s', (_, jwt) => {
    expect(codeOf(() => readResult(jwt, key, time))).toBe('E_JWS_FORMAT')
  })

  it('refuses other algorithms than its own, and a key that the header brings', async () => {
    for (const alg of ['none', 'HS256', 'ES384', undefined]) {
      expect(codeOf(() => readResult(`${encode({ alg })}.e30.AA`, key, time))).toBe('E_JWS_ALG')
    }
    const other = generateP256()
    const foreign = await signResult(made(await verified()), resultSigner(keyPairSigner(other)))
    expect(codeOf(() => readResult(foreign, key, time))).toBe('E_SIG_INVALID')
  })

  it('refuses a result past its end, and then by its claims', async () => {
    const jwt = await signResult(made(await verified(), { lifetime: 10 }), signer)
    expect(codeOf(() => readResult(jwt, key, time + 10))).toBe('none')
    expect(codeOf(() => readResult(jwt, key, time + 11))).toBe('E_JWT_EXPIRED')
    const privateKey = new Uint8Array(32).fill(5)
    const own = curveKeyPair('P-256', privateKey)
    const text = `${encode({ alg: 'ES256' })}.${encode({ eat_profile: 'x', exp: 'soon' })}`
    const signature = toBase64url(signMessage(own, { message: encodeUtf8(text) }))
    const reader = { algorithm: 'ES256', publicKey: own.publicKey } as const
    expect(codeOf(() => readResult(`${text}.${signature}`, reader, time))).toBe('E_EAR_PROFILE')
  })
})
