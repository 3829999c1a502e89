import { decodeUtf8, seededRandom, toHex } from '@keyline/bytes'
import { curvePublicKey, sha256 } from '@keyline/crypto'
import { coseAlgorithms, decodeToken, instanceIdOf, verifyEnvelope } from '@keyline/eat'
import { decodeAttestationIdentity, type AttestationIdentity } from '@keyline/matter/pxp'
import { describe, expect, it } from 'vitest'
import { implementationIdOf } from '../attestation/platform.ts'
import { measureImage, simulatedSignerId } from '../image/measurement.ts'
import { stm32wba65 } from '../part/part-table.ts'
import { bootSet } from '../script/boot-images.ts'
import { BenchFixture } from '../testing/bench-fixture.ts'
import { firmware, runSecureFlow, secureFlows } from '../testing/flows.ts'
import type { ScriptedHost } from '../testing/scripted-host.ts'
import { ToolFixture } from '../testing/tool-fixture.ts'

const none = new Uint8Array(0)
const challenge = seededRandom('verifier nonce').bytes(32)
const application = firmware('application', { isSigned: true, version: '3.1.4' })

interface SecureBoard extends Disposable {
  readonly fixture: ToolFixture
  readonly host: ScriptedHost
}

/** A provisioned Matter board at security 2 that runs its application. */
async function secureBoard(
  options: Partial<ConstructorParameters<typeof ToolFixture>[0]> = {},
): Promise<SecureBoard> {
  const fixture = new ToolFixture({ part: stm32wba65, timing: 'none', ...options })
  await runSecureFlow(fixture, secureFlows['wba security 2'], application)
  const host = await fixture.host()
  return { fixture, host, [Symbol.dispose]: () => fixture[Symbol.dispose]() }
}

async function identityOf(host: ScriptedHost): Promise<AttestationIdentity> {
  await host.send('IAKREQ')
  return decodeAttestationIdentity((await host.hear('IAKRSP')) ?? none)
}

/** Asks for a token and verifies it under the key that the board names. */
async function tokenOf(
  host: ScriptedHost,
  nonce = challenge,
): Promise<ReturnType<typeof decodeToken>> {
  const { publicKey } = await identityOf(host)
  await host.send('TOKREQ', nonce)
  const decoded = decodeToken((await host.hear('TOKEN')) ?? none)
  verifyEnvelope(decoded.envelope, {
    algorithm: coseAlgorithms.ES256,
    key: { type: 'ec', publicKey: curvePublicKey('P-256', publicKey.subarray(1)) },
  })
  return decoded
}

async function tokenUnder(seed: string): Promise<string> {
  using board = await secureBoard({ seed })
  await board.host.send('TOKREQ', challenge)
  return toHex((await board.host.hear('TOKEN')) ?? none)
}

describe('a Matter board at security 2', () => {
  it('answers TOKREQ with a token of RFC 9783 over the challenge', async () => {
    using board = await secureBoard()
    const { publicKey, implementationId, certificate } = await identityOf(board.host)
    const { claims } = await tokenOf(board.host)
    expect(certificate).toHaveLength(0)
    expect(claims).toMatchObject({
      profile: 'tag:psacertified.org,2023:psa#tfm',
      nonce: challenge,
      clientId: -1,
      securityLifecycle: 0x2000,
      instanceId: instanceIdOf(curvePublicKey('P-256', publicKey.subarray(1))),
      implementationId,
    })
    expect(toHex(implementationId)).toBe(toHex(sha256(Buffer.from('STM32WBA650xB0'))))
    expect(claims.bootSeed).toHaveLength(32)
  })

  it('measures boot loader, secure image and application as they are in the flash', async () => {
    using board = await secureBoard()
    const { claims } = await tokenOf(board.host)
    const [bootLoader, secure] = bootSet({ platform: 'wba', security: 2 })
      .secure.slice(1)
      .map(({ octets }) => octets)
    const common = { signerId: simulatedSignerId, measurementDescription: 'sha-256' }
    expect(claims.softwareComponents).toEqual([
      {
        measurementType: 'BL',
        measurementValue: sha256(bootLoader ?? none),
        version: '1.0.0',
        ...common,
      },
      {
        measurementType: 'PRoT',
        measurementValue: sha256(secure ?? none),
        version: '1.0.0',
        ...common,
      },
      {
        measurementType: 'App',
        measurementValue: sha256(application),
        version: '3.1.4',
        ...common,
      },
    ])
  })

  it.each([48, 64])('takes a challenge of %i octets', async (length) => {
    using board = await secureBoard()
    const nonce = seededRandom('longer').bytes(length)
    expect((await tokenOf(board.host, nonce)).claims.nonce).toEqual(nonce)
  })

  it('keeps its key and draws another boot seed at each reset', async () => {
    using board = await secureBoard()
    const before = await tokenOf(board.host)
    await board.host.close()
    await board.fixture.target('-rst')
    await board.fixture.boot()
    const host = await board.fixture.host()
    const after = await tokenOf(host)
    expect(after.claims.instanceId).toEqual(before.claims.instanceId)
    expect(after.claims.bootSeed).not.toEqual(before.claims.bootSeed)
  })

  it('is at lifecycle secured when its read-out protection is on', async () => {
    using board = await secureBoard()
    const { options } = board.fixture.bench.board(1)
    options.program({ RDP: 0xdc })
    await board.host.close()
    await board.fixture.target('-rst')
    await board.fixture.boot()
    const { claims } = await tokenOf(await board.fixture.host())
    expect(claims.securityLifecycle).toBe(0x3000)
  })

  it('replays token and key under one seed, and has another key under another', async () => {
    const first = await tokenUnder('one')
    expect(await tokenUnder('one')).toBe(first)
    expect(await tokenUnder('two')).not.toBe(first)
  })

  it('aborts a challenge of another length', async () => {
    using board = await secureBoard()
    await board.host.send('TOKREQ', challenge.subarray(1))
    expect(decodeUtf8((await board.host.hear('ABORT')) ?? none)).toBe(
      'a challenge of 31 octets: INVALID_ARGUMENT (-135)',
    )
  })

  it('attests to another nonce with the fault token-other-nonce', async () => {
    using board = await secureBoard({ fault: { name: 'token-other-nonce' } })
    expect((await tokenOf(board.host)).claims.nonce).not.toEqual(challenge)
  })

  it('shows an altered secure image with the fault firmware-altered', async () => {
    using board = await secureBoard({ fault: { name: 'firmware-altered' } })
    const [, secure] = (await tokenOf(board.host)).claims.softwareComponents
    const [, , image] = bootSet({ platform: 'wba', security: 2 }).secure
    const expected = measureImage(image?.octets ?? none, 'PRoT')
    expect(secure).toMatchObject({ version: expected.version, signerId: expected.signerId })
    expect(secure?.measurementValue).not.toEqual(expected.measurementValue)
  })
})

describe('a Matter board below security 2', () => {
  it.each(['TOKREQ', 'IAKREQ'] as const)('aborts %s with the reason', async (type) => {
    using bench = new BenchFixture()
    const host = await bench.startApplication()
    await host.send(type, challenge)
    expect(decodeUtf8((await host.hear('ABORT')) ?? none)).toBe(
      'the board has no attestation key: it does not boot into TF-M',
    )
  })
})

describe('an implementation id', () => {
  it('belongs to a part and its boot ROM', () => {
    const other = implementationIdOf({ ...stm32wba65, bootloaderVersion: '0xB1' })
    expect(other).not.toEqual(implementationIdOf(stm32wba65))
  })
})
