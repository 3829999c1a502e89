import { Algorithm, KeyType, Lifetime, Usage, type PsaCrypto } from '@keyline/psa'
import { Attester } from './attester.ts'
import { attestationPlatform, type PlatformInput } from './platform.ts'

/** Persistent key of TF-M's attestation partition. No application reaches it. */
export const attestationKeyId = 0x0000_0002

/**
 * Attestation of a Matter board that boots through OEMiRoT into TF-M (decision D35): a P-256 key that the board makes
 * itself and keeps in the trusted storage of TF-M.
 */
export function trustedFirmwareAttester(
  input: PlatformInput & { readonly crypto: PsaCrypto },
): Attester {
  const { crypto, ...platform } = input
  return new Attester({
    crypto,
    key: {
      attributes: {
        lifetime: Lifetime.persistent,
        id: attestationKeyId,
        type: KeyType.eccPairSecpR1,
        bits: 256,
        usage: Usage.signHash,
        algorithm: Algorithm.ecdsaSha256,
      },
    },
    makesKey: true,
    platform: attestationPlatform(platform),
  })
}
