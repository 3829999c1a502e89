import { encodeUtf8, seededRandom, toHex } from '@keyline/bytes'
import {
  curveKeyPair,
  deterministicNonces,
  drawPrivateKey,
  sha256,
  signDigest,
  type CurvePublicKey,
} from '@keyline/crypto'
import {
  coseAlgorithms,
  encodePsaCorim,
  instanceIdOf,
  signToken,
  TokenProfile,
  type PsaReferenceValue,
  type SoftwareComponent,
  type TokenClaims,
  type TokenHeaders,
} from '@keyline/eat'

/** Seconds since 1970 in which everything of these devices is valid. */
export const deviceTime = 1_750_000_000

export const deviceNonce: Uint8Array = sha256(Uint8Array.of(1))
export const deviceImplementation: Uint8Array = sha256(Uint8Array.of(2))
export const deviceSigner: Uint8Array = sha256(Uint8Array.of(3))

/** A piece of software of all these devices. */
export function deviceComponent(name: string, version: string): SoftwareComponent {
  return {
    measurementType: name,
    measurementValue: sha256(encodeUtf8(`${name} ${version}`)),
    version,
    signerId: deviceSigner,
  }
}

export const deviceComponents: readonly SoftwareComponent[] = [
  deviceComponent('BL', '2.1.0'),
  deviceComponent('App', '0.1.4'),
]

/** The reference value that a component meets. */
export function referenceFor(component: SoftwareComponent): PsaReferenceValue {
  const { measurementType, measurementValue, version, signerId } = component
  return {
    implementationId: deviceImplementation,
    digests: [{ algorithm: 'sha-256', value: measurementValue }],
    signerId,
    name: measurementType,
    version,
  }
}

/** A device with a key of its own, drawn from a seed. */
export interface VerifiedDevice {
  readonly publicKey: CurvePublicKey
  readonly instanceId: Uint8Array
  token(claims?: Partial<TokenClaims>, headers?: TokenHeaders): Promise<Uint8Array>
}

export function verifiedDevice(seed: number): VerifiedDevice {
  const privateKey = drawPrivateKey('P-256', seededRandom(`device ${seed}`))
  const { publicKey } = curveKeyPair('P-256', privateKey)
  const instanceId = instanceIdOf(publicKey)
  const algorithm = coseAlgorithms.ES256
  return {
    publicKey,
    instanceId,
    token: (claims, headers) =>
      signToken(
        {
          profile: TokenProfile.psa2023,
          nonce: deviceNonce,
          instanceId,
          implementationId: deviceImplementation,
          clientId: -1,
          securityLifecycle: 0x3000,
          softwareComponents: deviceComponents,
          ...claims,
        },
        {
          algorithm,
          signDigest: (digest) =>
            signDigest({
              curve: 'P-256',
              privateKey,
              digest,
              nonces: deterministicNonces('SHA-256'),
            }),
        },
        headers,
      ),
  }
}

/** The CoRIM of devices and of the software of all of them. */
export function deviceCorim(
  devices: readonly Pick<VerifiedDevice, 'publicKey' | 'instanceId'>[],
  components: readonly SoftwareComponent[] = deviceComponents,
): Uint8Array {
  const id = `batch ${devices.map(({ instanceId }) => toHex(instanceId).slice(2, 8)).join()}`
  return encodePsaCorim({
    id,
    tagId: id,
    trustAnchors: devices.map(({ publicKey, instanceId }) => ({
      implementationId: deviceImplementation,
      instanceId,
      publicKey,
    })),
    referenceValues: components.map(referenceFor),
  })
}
