import {
  Algorithm,
  duaCertificateKinds,
  duaKeyIds,
  KeyType,
  Lifetime,
  Usage,
  type PsaCrypto,
} from '@keyline/psa'
import type { Memory } from '../flash/memory.ts'
import { Attester } from './attester.ts'
import type { DeviceChip } from './device-chip.ts'
import { attestationPlatform, type PlatformInput } from './platform.ts'

/** Persistent key of the attestation service of TF-M. */
export const attestationKeyId = 0x0000_0002

const signingKey = {
  type: KeyType.eccPairSecpR1,
  bits: 256,
  usage: Usage.signHash,
  algorithm: Algorithm.ecdsaSha256,
} as const

/** Octets of the container of a P-256 key. */
const containerLength = 112

/**
 * Attestation of a Matter board that boots through OEMiRoT into TF-M (decision D35): a P-256 key that the board makes
 * itself and keeps in the trusted storage of TF-M.
 */
export function trustedFirmwareAttester(crypto: PsaCrypto, platform: PlatformInput): Attester {
  const attributes = { ...signingKey, lifetime: Lifetime.persistent, id: attestationKeyId }
  return new Attester({
    crypto,
    key: { attributes },
    platform: () => attestationPlatform(platform),
  })
}

/**
 * Attestation of a board with a device key (decision D35): the wrapped key that the line has programmed, used by the
 * Key Wrap Engine, and the certificate in system flash.
 */
export function deviceKeyAttester(
  crypto: PsaCrypto,
  platform: PlatformInput,
  { chip, flash }: { readonly chip: DeviceChip; readonly flash: Memory },
): Attester {
  const { key, containerAddress } = chip.area
  const attributes = { ...signingKey, lifetime: Lifetime.keyWrapEngine, id: duaKeyIds[key] }
  const data = flash.read(containerAddress, containerLength)
  return new Attester({
    crypto,
    key: { attributes, data },
    certificate: { pack: chip.pack('pack2'), kind: duaCertificateKinds[key] },
    platform: () => attestationPlatform(platform),
  })
}
