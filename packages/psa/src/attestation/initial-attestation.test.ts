import { Sign1 } from '@auth0/cose'
import { concat, fromHex, Secret, seededRandom, toHex } from '@keyline/bytes'
import { curvePublicKey, sha256, type WeierstrassCurve } from '@keyline/crypto'
import {
  BootModule,
  componentEntry,
  decodeToken,
  encodeBootRecord,
  instanceIdOf,
  symmetricInstanceId,
  TokenProfile,
  verifyEnvelope,
  type CoseKey,
} from '@keyline/eat'
import { describe, expect, it } from 'vitest'
import {
  psaDevice,
  wrappedSigningKey,
  type PsaDevice,
} from '../../../../test/support/vectors/psa-device.ts'
import { Ccb } from '../ccb/index.ts'
import { duaCertificateKinds, manufactureChip } from '../certificate/foundry.ts'
import { KeyWrapEngine } from '../driver/key-wrap-engine.ts'
import { InternalTrustedStorage, memoryMedium } from '../its/index.ts'
import { Algorithm } from '../key/algorithm.ts'
import type { KeyAttributes } from '../key/attributes.ts'
import { duaKeyIds, Lifetime } from '../key/lifetime.ts'
import { KeyType } from '../key/type.ts'
import { Usage } from '../key/usage.ts'
import { exportDuaKey } from '../rsse/export.ts'
import { PsaCrypto } from '../service/psa-crypto.ts'
import { outputOf, valueOf } from '../status/result.ts'
import { PsaStatus } from '../status/status.ts'
import {
  InitialAttestation,
  type AttestationStep,
  type InitialAttestationOptions,
} from './initial-attestation.ts'
import { simulatedLifecycle, type AttestationPlatform } from './platform.ts'

const component = {
  measurementType: 'App',
  measurementValue: new Uint8Array(32).fill(0xab),
  version: '1.2.3',
  signerId: new Uint8Array(32).fill(0xcd),
  measurementDescription: 'sha-256',
}
const platform: AttestationPlatform = {
  bootSeed: new Uint8Array(32).fill(0x33),
  implementationId: new Uint8Array(32).fill(0x44),
  securityLifecycle: simulatedLifecycle({ rdp: 1 }),
  bootRecord: encodeBootRecord([componentEntry(BootModule.spe, component)]),
  verificationServiceIndicator: 'https://verifier.example',
}
const challenge = new Uint8Array(32).map((_, index) => index)

function started(options: InitialAttestationOptions): InitialAttestation {
  const service = new InitialAttestation(options)
  service.init()
  return service
}

function tokenOf(service: InitialAttestation, nonce = challenge, caller = -1): Uint8Array {
  return outputOf(service.getToken(nonce, caller), service.diagnostic ?? 'the token')
}

/** Decodes and verifies as a verifier does. */
function verified(token: Uint8Array, key: CoseKey) {
  const decoded = decodeToken(token)
  verifyEnvelope(decoded.envelope, { algorithm: decoded.algorithm, key })
  return decoded
}

function publicKeyOf(crypto: PsaCrypto, id: number, curve: WeierstrassCurve) {
  const point = outputOf(crypto.exportPublicKey(id), 'the public key')
  return curvePublicKey(curve, point.subarray(1))
}

function withKey(attributes: KeyAttributes): PsaDevice {
  const device = psaDevice()
  expect(device.crypto.generateKey(attributes).status).toBe(PsaStatus.success)
  return device
}

describe('an STM32U385', () => {
  const random = seededRandom('U385')
  const chip = manufactureChip({ rootSecret: sha256(Uint8Array.of(1)) })
  const state = { rdp: 1, isSecure: false, isPrivileged: true } as const
  const ccb = new Ccb({ chip: chip.secrets, state: () => state, random })

  function device(name: 'FU' | 'LU') {
    const storage = new InternalTrustedStorage({
      medium: memoryMedium(),
      hardwareUniqueKey: new Uint8Array(32),
      random,
    })
    const crypto = new PsaCrypto({ storage, random, drivers: [new KeyWrapEngine({ ccb, random })] })
    crypto.init()
    const { container } = exportDuaKey(
      { ccb, rdp: 1, isDebugOpen: true },
      {
        keyType: name,
        usage: 'ecdsa',
        wrappingKey: 'DHUK',
        isSecure: false,
        isPrivileged: true,
        exportPublicKey: false,
      },
    )
    const attributes = { ...wrappedSigningKey, id: duaKeyIds[name] }
    const certificate = { pack: chip.pack2, kind: duaCertificateKinds[name] }
    return { crypto, key: { attributes, data: container }, certificate, platform }
  }

  it.each(['FU', 'LU'] as const)('makes a token with its device key %s in five steps', (name) => {
    const steps: AttestationStep[] = []
    const options = device(name)
    const service = started({ ...options, onStep: (step) => steps.push(step) })
    const token = tokenOf(service)
    const certificate = service.certificate()
    expect(steps.map(({ step, name: what }) => `${step} ${what}`)).toEqual([
      '1 key',
      '2 hash',
      '3 signature',
      '4 token',
      '5 certificate',
    ])
    const publicKey = publicKeyOf(options.crypto, duaKeyIds[name], 'P-256')
    const { claims, certificateChain } = verified(token, { type: 'ec', publicKey })
    expect(claims).toMatchObject({
      profile: TokenProfile.psa2023,
      nonce: challenge,
      clientId: -1,
      instanceId: instanceIdOf(publicKey),
      softwareComponents: [component],
      securityLifecycle: 0x3000,
    })
    expect(certificateChain).toBeUndefined()
    expect(toHex(certificate?.subarray(272, 336) ?? new Uint8Array())).toBe(toHex(publicKey.octets))
  })

  it('puts the certificate into the protected header when it is asked to, at an exact size', () => {
    const service = started({ ...device('FU'), includeCertificate: true, withKeyId: true })
    const size = valueOf(service.getTokenSize(48), 'size')
    const nonce = new Uint8Array(48).fill(9)
    const { status, length, buffer } = service.getToken(nonce, -1, size)
    expect([status, length]).toEqual([0, size])
    const token = decodeToken(buffer)
    expect(token.certificateChain).toEqual([service.certificate()])
    expect(token.keyId).toEqual(token.claims.instanceId.subarray(1))
    expect(token.claims.nonce).toEqual(nonce)
  })

  it('stops when key and certificate do not belong together, or there is none to include', () => {
    const options = device('FU')
    const foreign = { ...options.certificate, kind: duaCertificateKinds.LU }
    const service = started({ ...options, certificate: foreign })
    expect(service.getToken(challenge, -1).status).toBe(PsaStatus.genericError)
    expect(service.diagnostic).toMatch(/another key/)
    const erased = { ...options.certificate, pack: new Uint8Array(0x200).fill(0xff) }
    const unprovisioned = started({ ...device('FU'), certificate: erased })
    expect(unprovisioned.getToken(challenge, -1).status).toBe(PsaStatus.genericError)
    expect(unprovisioned.diagnostic).toBe('the chip has no certificate: E_DUA_NOT_PROVISIONED')
    const without = started({ ...device('FU'), certificate: undefined, includeCertificate: true })
    expect(without.getTokenSize(32)).toEqual({ status: PsaStatus.genericError })
    expect(without.diagnostic).toMatch(/no certificate/)
    expect(without.certificate()).toBeUndefined()
  })

  it('tells the caller GENERIC_ERROR when its key does not open, and itself the status', () => {
    const options = device('FU')
    const data = options.key.data.slice()
    const damaged = { ...options.key, data: data.subarray(0, 50) }
    const service = started({ ...options, key: damaged })
    expect(service.getToken(challenge, -1).status).toBe(PsaStatus.genericError)
    expect(service.diagnostic).toBe('the key: INVALID_ARGUMENT (-135)')
    const missing = started({ ...options, key: { attributes: wrappedSigningKey } })
    expect(missing.getToken(challenge, -1).status).toBe(PsaStatus.genericError)
    expect(missing.diagnostic).toBe('the key: INVALID_HANDLE (-136)')
  })
})

describe('tokens of a key in the device', () => {
  it.each([
    ['ES256', 256, 'P-256', Algorithm.ecdsaSha256],
    ['ES384', 384, 'P-384', Algorithm.ecdsaSha384],
    ['ES512', 521, 'P-521', Algorithm.ecdsaSha512],
  ] as const)(
    'are signed with %s, as another implementation finds too',
    async (algorithm, bits, curve, policy) => {
      const attributes = {
        ...wrappedSigningKey,
        lifetime: Lifetime.persistent,
        bits,
        algorithm: policy,
      }
      const { crypto } = withKey(attributes)
      const service = started({ crypto, key: { attributes }, platform, algorithm })
      const key = { type: 'ec', publicKey: publicKeyOf(crypto, 1, curve) } as const
      for (const size of [32, 48, 64]) {
        const nonce = new Uint8Array(size).fill(size)
        const token = tokenOf(service, nonce)
        expect(verified(token, key).claims.nonce).toEqual(nonce)
        expect(token.length).toBe(valueOf(service.getTokenSize(size), 'size'))
        await Sign1.decode(token).verify(key.publicKey.handle)
      }
    },
  )

  it('are authenticated with a MAC where the key is symmetric', () => {
    const { crypto } = psaDevice()
    const secret = new Uint8Array(32).fill(8)
    const attributes: KeyAttributes = {
      lifetime: Lifetime.persistent,
      id: 4,
      type: KeyType.hmac,
      bits: 0,
      usage: Usage.signMessage,
      algorithm: Algorithm.hmacSha256,
    }
    const instanceId = symmetricInstanceId(new Secret(secret.slice()))
    const key = { attributes, data: secret }
    const service = started({ crypto, key, platform, algorithm: 'HS256', instanceId })
    const token = verified(tokenOf(service), { type: 'symmetric', secret: new Secret(secret) })
    expect(token.claims.instanceId).toEqual(instanceId)
  })

  it.each([TokenProfile.psa2023, TokenProfile.psa1, TokenProfile.psa2])(
    'follow the profile %s',
    (profile) => {
      const { crypto } = withKey(wrappedSigningKey)
      const own = {
        ...platform,
        hardwareVersion: '0604565272829',
        certificationReference: '0604565272829-10010',
      }
      const key = { attributes: wrappedSigningKey }
      const service = started({ crypto, key, platform: own, profile })
      const { claims } = decodeToken(tokenOf(service, challenge, 7))
      expect(claims).toMatchObject({ profile, clientId: 7, bootSeed: platform.bootSeed })
      const isFirst = profile === TokenProfile.psa1
      expect(claims.hardwareVersion).toBe(isFirst ? own.hardwareVersion : undefined)
      expect(claims.certificationReference).toBe(isFirst ? undefined : own.certificationReference)
    },
  )

  it('without measurements exist in profile 1 alone', () => {
    const { crypto } = withKey(wrappedSigningKey)
    const nothing = { ...platform, bootRecord: encodeBootRecord([]) }
    const options = { crypto, key: { attributes: wrappedSigningKey }, platform: nothing }
    const first = started({ ...options, profile: TokenProfile.psa1 })
    expect(decodeToken(tokenOf(first)).claims.noSoftwareMeasurements).toBe(1)
    const second = started(options)
    expect(second.getToken(challenge, -1).status).toBe(PsaStatus.genericError)
    expect(second.diagnostic).toMatch(/component/i)
  })

  it('are encoded once for each caller, and never mixed up', () => {
    const { crypto } = withKey(wrappedSigningKey)
    const service = started({ crypto, key: { attributes: wrappedSigningKey }, platform })
    const key = { type: 'ec', publicKey: publicKeyOf(crypto, 1, 'P-256') } as const
    for (let round = 0; round < 2; round++) {
      for (let caller = -20; caller <= 20; caller++) {
        if (caller === 0) continue
        const nonce = sha256(Uint8Array.of(caller + 100, round))
        const { claims } = verified(tokenOf(service, nonce, caller), key)
        expect([claims.clientId, toHex(claims.nonce)]).toEqual([caller, toHex(nonce)])
      }
    }
  })
})

describe('the calls', () => {
  const { crypto } = withKey(wrappedSigningKey)
  const options = { crypto, key: { attributes: wrappedSigningKey }, platform }
  const service = started(options)

  it('answer SERVICE_FAILURE before the start', () => {
    const idle = new InitialAttestation(options)
    expect(idle.getToken(challenge, -1).status).toBe(PsaStatus.serviceFailure)
    expect(idle.getTokenSize(32).status).toBe(PsaStatus.serviceFailure)
  })

  it.each([0, 31, 33, 47, 63, 65])('refuse a challenge of %i octets', (size) => {
    const nonce = new Uint8Array(size)
    expect(service.getToken(nonce, -1).status).toBe(PsaStatus.invalidArgument)
    expect(service.getTokenSize(size).status).toBe(PsaStatus.invalidArgument)
  })

  it('tell a missing buffer from a small one, and sign for neither', () => {
    const size = valueOf(service.getTokenSize(32), 'size')
    const steps: number[] = []
    const watched = started({ ...options, onStep: ({ step }) => steps.push(step) })
    expect(watched.getToken(challenge, -1, 0).status).toBe(PsaStatus.invalidArgument)
    expect(watched.getToken(challenge, -1, size - 1)).toMatchObject({
      status: PsaStatus.bufferTooSmall,
      length: 0,
    })
    expect(steps).not.toContain(3)
    const roomy = service.getToken(challenge, -1, size + 10)
    expect([roomy.status, roomy.length, roomy.buffer.length]).toEqual([0, size, size + 10])
  })

  it.each([0, 2 ** 31, -(2 ** 31) - 1])('refuse the caller %i', (caller) => {
    expect(service.getToken(challenge, caller).status).toBe(PsaStatus.genericError)
    expect(service.diagnostic).toMatch(/client/i)
  })

  it('fail with a boot record that is none, and with a key that signs no tokens', () => {
    const broken = started({ ...options, platform: { ...platform, bootRecord: fromHex('00') } })
    expect(broken.getToken(challenge, -1).status).toBe(PsaStatus.genericError)
    const wrong = started({ ...options, algorithm: 'ES384' })
    expect(wrong.getToken(challenge, -1).status).toBe(PsaStatus.genericError)
    expect(wrong.diagnostic).toBe('the signature: NOT_PERMITTED (-133)')
    const symmetric = psaDevice()
    const attributes = {
      ...wrappedSigningKey,
      lifetime: Lifetime.persistent,
      type: KeyType.hmac,
      bits: 0,
    }
    const hmac = started({
      crypto: symmetric.crypto,
      key: { attributes, data: concat(challenge) },
      platform,
    })
    expect(hmac.getToken(challenge, -1).status).toBe(PsaStatus.genericError)
    const agreement = {
      ...wrappedSigningKey,
      lifetime: Lifetime.persistent,
      type: 0x7141,
      bits: 255,
    }
    const x25519 = started({
      crypto: withKey(agreement).crypto,
      key: { attributes: agreement },
      platform,
    })
    expect(x25519.getToken(challenge, -1).status).toBe(PsaStatus.genericError)
    expect(x25519.diagnostic).toMatch(/no curve/)
  })

  it('notice that the key is gone', () => {
    const device = withKey(wrappedSigningKey)
    const own = started({ ...options, crypto: device.crypto })
    tokenOf(own)
    device.crypto.destroyKey(1)
    expect(own.getToken(challenge, -1).status).toBe(PsaStatus.genericError)
  })
})

describe('the life cycle of a simulated chip', () => {
  it('follows its RDP level', () => {
    const levels = [0, 0.5, 1, 2] as const
    expect(levels.map((rdp) => simulatedLifecycle({ rdp }))).toEqual([
      0x2000, 0x4000, 0x3000, 0x3001,
    ])
    expect(simulatedLifecycle({ rdp: 2, isDecommissioned: true })).toBe(0x6000)
  })
})
