import { equalOctets, type Finding } from '@keyline/bytes'
import { isP256Point, p256PointOf } from '@keyline/crypto'
import type { FactoryData } from './factory-data.ts'
import { factoryDataFinding } from './rules.ts'
import { isP256Scalar } from './scalar.ts'

/**
 * FD-037, FD-038 and FD-040: the keys of the image, each on its own and against the DAC.
 * @param dacKey point of the DAC, known to be on the curve, when it has one
 */
export function checkKeys(data: FactoryData, dacKey: Uint8Array | undefined): readonly Finding[] {
  const { dacPrivateKey, dacPublicKey } = data
  const findings: Finding[] = []
  if (dacPrivateKey !== undefined && !isP256Scalar(dacPrivateKey.reveal())) {
    const message =
      dacPrivateKey.length === 32
        ? 'the private key is not in 1 to n - 1'
        : `the private key has ${dacPrivateKey.length} octets, not 32`
    findings.push(factoryDataFinding({ rule: 'FD-037', field: 'dacPrivateKey', message }))
  }
  if (dacPublicKey === undefined) return findings
  const isDacKey = dacKey !== undefined && equalOctets(dacKey, dacPublicKey)
  if (!isDacKey && !isP256Point(dacPublicKey)) {
    const message = 'the public key is not 65 octets of an uncompressed point on P-256'
    findings.push(factoryDataFinding({ rule: 'FD-038', field: 'dacPublicKey', message }))
    return findings
  }
  if (dacKey !== undefined && !isDacKey) {
    const message = 'the public key is not the subject key of the DAC'
    findings.push(factoryDataFinding({ rule: 'FD-040', field: 'dacPublicKey', message }))
  }
  return findings
}

/** FD-039, where both keys are keys (FD-037, FD-038). One multiplication. */
export function checkKeyPair(data: FactoryData): readonly Finding[] {
  const { dacPrivateKey, dacPublicKey } = data
  if (dacPrivateKey === undefined || dacPublicKey === undefined) return []
  if (!isP256Scalar(dacPrivateKey.reveal())) return []
  if (equalOctets(p256PointOf(dacPrivateKey.reveal()), dacPublicKey)) return []
  if (!isP256Point(dacPublicKey)) return []
  const message = 'the public key does not belong to the private key'
  return [factoryDataFinding({ rule: 'FD-039', field: 'dacPublicKey', message })]
}
