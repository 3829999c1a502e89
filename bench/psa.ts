import { concat, seededRandom, systemRandom } from '@keyline/bytes'
import {
  decryptGcm,
  drawPrivateKey,
  encryptGcm,
  hashOf,
  randomNonces,
  sha256,
  signDigest,
} from '@keyline/crypto'
import { BootModule, componentEntry, encodeBootRecord } from '@keyline/eat'
import {
  Algorithm,
  InitialAttestation,
  KeyType,
  KeyWrapEngine,
  Lifetime,
  PsaCrypto,
  simulatedLifecycle,
  Usage,
  type KeyAttributes,
} from '@keyline/psa'
import { Ccb, ChipSecrets, curveAdditionalData } from '@keyline/psa/ccb'
import { InternalTrustedStorage, memoryMedium } from '@keyline/psa/its'
import { rateFigure, type Benchmark, type Goal } from './framework.ts'

/** At most this many times the cost of the primitives: 0.7 of their rate. */
const goal: Goal = { of: 'ratio', is: 'at most', limit: 1.42 }

const random = systemRandom
const digest = sha256(Uint8Array.of(1))
const scalar = drawPrivateKey('P-256', seededRandom('bench'))

/** Signatures and tokens of a device, each against the primitives that it needs anyway. */
export const psaBenchmark: Benchmark = {
  name: 'psa',
  title: 'signatures and tokens of a simulated device against their primitives',
  async *measure() {
    const chip = new ChipSecrets({ rootSecret: sha256(Uint8Array.of(2)) })
    const state = { rdp: 1, isSecure: false, isPrivileged: true } as const
    const ccb = new Ccb({ chip, state: () => state, random })
    const drivers = [new KeyWrapEngine({ ccb, random })]
    const storage = new InternalTrustedStorage({
      medium: memoryMedium(),
      hardwareUniqueKey: sha256(Uint8Array.of(3)),
      random,
    })
    const crypto = new PsaCrypto({ storage, random, drivers })
    crypto.init()

    const bareSignature = (): unknown =>
      signDigest({ curve: 'P-256', privateKey: scalar, digest, nonces: randomNonces(random) })
    const wrapped = wrappedScalar()
    const bareUnwrapAndSign = (): unknown => {
      const privateKey = decryptGcm(wrapped)
      if (privateKey === undefined) throw new TypeError('the wrapped key does not open')
      return signDigest({ curve: 'P-256', privateKey, digest, nonces: randomNonces(random) })
    }

    for (const { name, lifetime, id, bare } of [
      { name: 'software', lifetime: Lifetime.persistent, id: 1, bare: bareSignature },
      { name: 'KWE', lifetime: Lifetime.keyWrapEngine, id: 2, bare: bareUnwrapAndSign },
    ]) {
      const attributes: KeyAttributes = {
        lifetime,
        id,
        type: KeyType.eccPairSecpR1,
        bits: 256,
        usage: Usage.signHash,
        algorithm: Algorithm.ecdsaSha256,
      }
      crypto.generateKey(attributes)
      yield await rateFigure({
        figure: `${name}: psa_sign_hash / its primitives`,
        work: () => {
          const signed = crypto.signHash({ key: id, algorithm: attributes.algorithm, hash: digest })
          if (signed.status !== 0) throw new TypeError(`sign_hash: ${signed.status}`)
        },
        bare,
        time: 'cpu',
        goal,
      })
      const service = new InitialAttestation({ crypto, key: { attributes }, platform: platform() })
      service.init()
      let counter = 0
      yield await rateFigure({
        figure: `${name}: attestation token / its signature alone`,
        work: () => {
          const challenge = new Uint8Array(32)
          new DataView(challenge.buffer).setUint32(0, counter++)
          const token = service.getToken(challenge, -1)
          if (token.status !== 0) throw new TypeError(service.diagnostic)
        },
        bare,
        time: 'cpu',
        goal,
      })
    }
  },
}

/** A scalar as the engine wraps it, for the primitives alone: AES-256-GCM over the same additional data. */
function wrappedScalar() {
  const context = {
    key: sha256(Uint8Array.of(4)),
    nonce: new Uint8Array(12),
    associatedData: curveAdditionalData('ecdsa', 'P-256'),
  }
  return { ...context, encrypted: encryptGcm({ ...context, plaintext: scalar }) }
}

const component = (name: string) => ({
  measurementType: name,
  measurementValue: hashOf('SHA-256', concat(digest, new TextEncoder().encode(name))),
  version: '1.2.3',
  signerId: digest,
  measurementDescription: 'sha-256',
})

function platform() {
  return {
    bootSeed: new Uint8Array(32).fill(1),
    implementationId: new Uint8Array(32).fill(2),
    securityLifecycle: simulatedLifecycle({ rdp: 1 }),
    bootRecord: encodeBootRecord([
      componentEntry(BootModule.bl2, component('BL')),
      componentEntry(BootModule.spe, component('PRoT')),
      componentEntry(BootModule.nspe, component('App')),
    ]),
    verificationServiceIndicator: 'https://verifier.example',
  }
}
