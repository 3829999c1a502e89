import { equalOctets, equalSecret, type Finding } from '@keyline/bytes'
import { isP256Point, spake2pVerifier } from '@keyline/crypto'
import type { FactoryData } from './factory-data.ts'
import { passcodeRange } from './passcode.ts'
import { factoryDataFinding } from './rules.ts'
import { isP256Scalar } from './scalar.ts'

/** Parameters and the verifier that was derived from exactly them in this process or in the ledger. */
export interface DerivedVerifier {
  readonly passcode: number
  readonly iterations: number
  readonly salt: Uint8Array
  readonly verifier: Uint8Array
}

/** FD-018. A verifier of wrong length or form suppresses the other two rules. */
export function checkVerifierForm(data: FactoryData): readonly Finding[] {
  const { verifier } = data
  if (verifier === undefined || isFormed(verifier)) return []
  const message =
    verifier.length === 97
      ? 'octet 32 is not 04: w0 and L are swapped, or L is compressed'
      : `the verifier has ${verifier.length} octets, not 97`
  return [factoryDataFinding({ rule: 'FD-018', field: 'verifier', message })]
}

/** FD-019 and FD-020. A verifier that follows from its parameters has a w0 in range and an L on the curve. */
export async function checkVerifierProof(
  data: FactoryData,
  known: DerivedVerifier | undefined,
): Promise<readonly Finding[]> {
  const { verifier } = data
  if (verifier === undefined || !isFormed(verifier)) return []
  if (known !== undefined && isDerivedSo(data, known)) return []
  const isFollowing = await follows(data, verifier)
  if (isFollowing === true) return []
  const findings: Finding[] = []
  if (!isP256Scalar(verifier.subarray(0, 32))) {
    const message = 'w0 is 0, or not below the order of P-256'
    findings.push(factoryDataFinding({ rule: 'FD-019', field: 'verifier', message }))
  }
  if (!isP256Point(verifier.subarray(32))) {
    const message = 'L is not a point on P-256'
    findings.push(factoryDataFinding({ rule: 'FD-019', field: 'verifier', message }))
  }
  if (isFollowing === false) {
    const message = 'the verifier does not follow from passcode, salt and iterations'
    findings.push(factoryDataFinding({ rule: 'FD-020', field: 'verifier', message }))
  }
  return findings
}

function isFormed(verifier: Uint8Array): boolean {
  return verifier.length === 97 && verifier[32] === 0x04
}

/** `undefined` when one of the parameters is missing. Outside their ranges no verifier exists. */
async function follows(data: FactoryData, verifier: Uint8Array): Promise<boolean | undefined> {
  const { passcode, salt, iterations } = data
  if (passcode === undefined || salt === undefined || iterations === undefined) return undefined
  const isInRange =
    passcode >= passcodeRange.min &&
    passcode <= passcodeRange.max &&
    salt.length >= 16 &&
    salt.length <= 32 &&
    iterations >= 1000 &&
    iterations <= 100_000
  if (!isInRange) return false
  const derived = await spake2pVerifier({ passcode, salt, iterations })
  return equalSecret(derived.verifier, verifier)
}

/** The same four values as those that were derived: nothing is left to compute. */
function isDerivedSo(data: FactoryData, known: DerivedVerifier): boolean {
  return (
    data.verifier !== undefined &&
    equalSecret(data.verifier, known.verifier) &&
    (data.passcode === undefined || data.passcode === known.passcode) &&
    (data.iterations === undefined || data.iterations === known.iterations) &&
    (data.salt === undefined || equalOctets(data.salt, known.salt))
  )
}
