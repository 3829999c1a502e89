import { concat, encodeUtf8, seededRandom } from '@keyline/bytes'
import { drawP256Scalar, p256FromScalar, sha256, signP256, type P256KeyPair } from '@keyline/crypto'
import {
  coseAlgorithms,
  encodeClaims,
  encodeEnvelope,
  instanceIdOf,
  protectedHeaderOf,
  toBeAuthenticated,
  TokenProfile,
  type PsaReferenceValue,
  type SoftwareComponent,
} from '@keyline/eat'
import type { EndorsementStore, TrustAnchor } from '@keyline/verifier'

/** Seconds since 1970 in which the fleet reports. */
export const fleetTime = 1_790_000_000
export const implementationId: Uint8Array = sha256(encodeUtf8('implementation'))
const signerId = sha256(encodeUtf8('signer'))
const bootSeed = sha256(encodeUtf8('boot'))

/** Boot loader, secure and non-secure firmware, as TF-M measures them. */
const components: readonly SoftwareComponent[] = ['BL', 'PRoT', 'NSPE'].map((name, index) => ({
  measurementType: name,
  measurementValue: sha256(encodeUtf8(name)),
  version: `2.1.${index}`,
  signerId,
}))

/** A device with a key that no other one has. */
export interface FleetDevice {
  readonly pair: P256KeyPair
  readonly instanceId: Uint8Array
}

/** The same devices in every process. */
export function makeFleet(count: number): readonly FleetDevice[] {
  const random = seededRandom('fleet')
  return Array.from({ length: count }, () => {
    using scalar = drawP256Scalar(random)
    const pair = p256FromScalar(scalar.reveal())
    const octets = pair.publicKey.point.subarray(1)
    const { handle } = pair.publicKey
    return { pair, instanceId: instanceIdOf({ curve: 'P-256', octets, handle }) }
  })
}

const algorithm = coseAlgorithms.ES256
const protectedOctets = protectedHeaderOf(algorithm)

/** A token over a challenge, with what is signed in it. */
export interface FleetToken {
  readonly octets: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

export function fleetToken({ pair, instanceId }: FleetDevice, nonce: Uint8Array): FleetToken {
  const payload = encodeClaims({
    profile: TokenProfile.psa2023,
    nonce,
    bootSeed,
    instanceId,
    implementationId,
    clientId: -1,
    securityLifecycle: 0x3000,
    softwareComponents: components,
    verificationServiceIndicator: 'https://verifier.example',
  })
  const message = toBeAuthenticated({ kind: 'sign1', protectedOctets, payload })
  const signature = signP256(pair, message)
  const octets = encodeEnvelope({ kind: 'sign1', protectedOctets, payload, signature })
  return { octets, message, signature }
}

/** The challenge of one device: another for each. */
export function fleetNonce(index: number): Uint8Array {
  return sha256(concat(bootSeed, Uint8Array.of(index >> 16, (index >> 8) & 0xff, index & 0xff)))
}

/** What the maker of the fleet says of its software. */
const fleetReferences: readonly PsaReferenceValue[] = components.map((component) => ({
  implementationId,
  digests: [{ algorithm: 'sha-256', value: component.measurementValue }],
  signerId,
  name: component.measurementType,
  version: component.version,
}))

/** What the maker says of a device. */
function fleetAnchor({
  pair,
  instanceId,
}: FleetDevice): Pick<TrustAnchor, 'implementationId' | 'instanceId' | 'key'> {
  const point = pair.publicKey.point.subarray(1)
  return { implementationId, instanceId, key: { type: 'ec', curve: 'P-256', point } }
}

/** Enters a fleet and its software into a store, as one CoRIM would. */
export async function enterFleet(
  fleet: readonly FleetDevice[],
  store: EndorsementStore,
): Promise<void> {
  const transaction = await store.begin({ id: 'fleet' })
  for (const device of fleet) await transaction.addAnchor(fleetAnchor(device), { replace: false })
  for (const reference of fleetReferences) await transaction.addReference(reference)
  await transaction.commit()
}
