import type { Signer } from '@keyline/crypto'
import type { Pai } from '../build/pai.ts'
import { isTestVendorId, publishedKeyName } from '../policy/policy.ts'
import { custodyOf } from '../signer/held-signer.ts'

export interface ProductionInput {
  readonly signer: Signer
  readonly pai: Pai
  /** SHA-256 of the SubjectPublicKeyInfo of the PAA, lower-case hexadecimal. */
  readonly paaSpkiSha256: string
}

/** Everything that the policy production refuses of an issuer, all at once. */
export function productionProblems(input: ProductionInput): readonly string[] {
  const { signer, pai, paaSpkiSha256 } = input
  const problems: string[] = []
  const custody = custodyOf(signer)
  if (custody === 'file') problems.push('the PAI key lies in a file')
  if (custody === 'extractable') problems.push('the module of the PAI key gives it away')
  if (pai.vendorId !== undefined && isTestVendorId(pai.vendorId)) {
    problems.push(`the PAI has the test vendor id 0x${pai.vendorId.toString(16).toUpperCase()}`)
  }
  for (const [role, hash] of [
    ['PAI', pai.spkiSha256],
    ['PAA', paaSpkiSha256],
  ] as const) {
    const published = publishedKeyName(hash)
    if (published !== undefined) problems.push(`the ${role} key is the published ${published}`)
  }
  return problems
}
