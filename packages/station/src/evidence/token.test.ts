import { fromHex, seededRandom, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import { instanceIdOf, type TokenClaims } from '@keyline/eat'
import { describe, expect, it } from 'vitest'
import { AttestingDevice, measuredApplication } from '../testing/attesting-device.ts'
import { expectedSoftware, readProof, type TokenInput } from './token.ts'

const device = new AttestingDevice('device')
const other = new AttestingDevice('other')
const challenge = seededRandom('challenge').bytes(32)
const elsewhere = toHex(sha256(Uint8Array.of(1)))

const application = {
  type: 'App',
  version: '2.0.0',
  sha256: toHex(measuredApplication.measurementValue),
  signer: toHex(measuredApplication.signerId),
} as const

function input(token: Uint8Array, change: Partial<TokenInput> = {}): TokenInput {
  const { implementationId, point: publicKey } = device
  return {
    token,
    challenge,
    identity: { implementationId, publicKey },
    software: [application],
    ...change,
  }
}

async function judged(
  claims: Partial<TokenClaims> = {},
  change: Partial<TokenInput> = {},
): Promise<object> {
  const reading = readProof(input(await device.token(challenge, claims), change))
  return reading.ok ? reading : reading.problem
}

describe('a token on the line', () => {
  it('proves the key that the board shows', async () => {
    expect(await judged()).toMatchObject({
      ok: true,
      claims: { instanceId: instanceIdOf(device.publicKey) },
    })
  })

  it.each([
    ['another nonce', { nonce: seededRandom('replayed').bytes(32) }, 'E_NONCE_MISMATCH'],
    [
      'the instance id of another key',
      { instanceId: instanceIdOf(other.publicKey) },
      'E_INSTANCE_ID_BINDING',
    ],
    ['another implementation id', { implementationId: fromHex(elsewhere) }, 'E_CLAIM_VALUE'],
    [
      'software that the order does not know',
      {
        softwareComponents: [
          measuredApplication,
          { ...measuredApplication, measurementValue: fromHex(elsewhere) },
        ],
      },
      'SOFTWARE_UNKNOWN',
    ],
  ] as const)('with %s is no proof, and says why', async (_, claims, code) => {
    expect(await judged(claims)).toMatchObject({ code, isStation: false })
  })

  it('signed by another key is no proof, and neither is any other octet string', async () => {
    const claims = { instanceId: instanceIdOf(device.publicKey) }
    const token = await other.token(challenge, claims)
    expect(readProof(input(token))).toMatchObject({ problem: { code: 'E_SIG_INVALID' } })
    const [cut, empty] = [token.subarray(0, -1), new Uint8Array()]
    for (const octets of [cut, empty]) {
      expect(readProof(input(octets))).toMatchObject({ problem: { code: 'E_CBOR_TRUNCATED' } })
    }
  })

  it('with every octet changed once never proves anything', async () => {
    const token = await device.token(challenge)
    const accepted = [...token.keys()].filter(
      (index) => readProof(input(token.with(index, (token[index] ?? 0) ^ 0x01))).ok,
    )
    expect(accepted).toEqual([])
  })

  it.each([
    ['type', { ...application, type: 'PRoT' as const }],
    ['version', { ...application, version: '2.0.1' }],
    ['signer', { ...application, signer: elsewhere }],
  ])('of known software under another %s is a fault of the order', async (_, expected) => {
    const problem = await judged({}, { software: [expected] })
    expect(problem).toMatchObject({ code: 'SOFTWARE_OTHERWISE', isStation: true })
  })

  it('may report any type and version where the order names none', async () => {
    const { sha256: hash, signer } = application
    const software = expectedSoftware(
      { required: true, tenant: '0', software: [{ signer }, { signer, sha256: elsewhere }] },
      hash,
    )
    expect(software.map((one) => one.sha256)).toEqual([hash, elsewhere])
    expect(await judged({}, { software })).toMatchObject({ ok: true })
  })
})
