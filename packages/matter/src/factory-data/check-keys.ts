import { equalOctets, type Finding } from '@keyline/bytes'
import { CryptoError, isP256Point, p256PointOf } from '@keyline/crypto'
import type { FactoryData } from './factory-data.ts'
import { factoryDataFinding } from './rules.ts'

/**
 * FD-037 … FD-040: the key pair of the image and the subject key of its DAC.
 * @param dacKey point of the DAC, when it has one
 */
export function checkKeys(data: FactoryData, dacKey: Uint8Array | undefined): readonly Finding[] {
  const { dacPrivateKey, dacPublicKey } = data
  const findings: Finding[] = []
  const derived = dacPrivateKey === undefined ? undefined : pointOf(dacPrivateKey.reveal())
  if (dacPrivateKey !== undefined && derived === undefined) {
    const message =
      dacPrivateKey.length === 32
        ? 'the private key is not in 1 to n - 1'
        : `the private key has ${dacPrivateKey.length} octets, not 32`
    findings.push(factoryDataFinding({ rule: 'FD-037', field: 'dacPrivateKey', message }))
  }
  if (dacPublicKey === undefined) return findings
  const isDerived = derived !== undefined && equalOctets(derived, dacPublicKey)
  const isDacKey = dacKey !== undefined && equalOctets(dacKey, dacPublicKey)
  if (!isDerived && !isDacKey && !isP256Point(dacPublicKey)) {
    const message = 'the public key is not 65 octets of an uncompressed point on P-256'
    findings.push(factoryDataFinding({ rule: 'FD-038', field: 'dacPublicKey', message }))
    return findings
  }
  if (derived !== undefined && !isDerived) {
    const message = 'the public key does not belong to the private key'
    findings.push(factoryDataFinding({ rule: 'FD-039', field: 'dacPublicKey', message }))
  }
  if (dacKey !== undefined && !isDacKey) {
    const message = 'the public key is not the subject key of the DAC'
    findings.push(factoryDataFinding({ rule: 'FD-040', field: 'dacPublicKey', message }))
  }
  return findings
}

/** `undefined` for octets that are no private key. */
function pointOf(scalar: Uint8Array): Uint8Array | undefined {
  try {
    return p256PointOf(scalar)
  } catch (error) {
    if (error instanceof CryptoError) return undefined
    throw error
  }
}
