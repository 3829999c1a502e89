import { fromHex } from '@keyline/bytes'
import { curvePublicKey } from '@keyline/crypto'
import { encodePsaCorim } from '@keyline/eat'
import type { OrderAttestation, VerdictRecord } from '@keyline/ledger/records'
import { expectedSoftware } from '../evidence/token.ts'

/** The attestation key of a unit that has passed, in lower-case hexadecimal. */
export interface AttestedKey {
  /** 32 octets. */
  readonly implementationId: string
  /** 33 octets. */
  readonly instanceId: string
  /** `04 ‖ X ‖ Y`, 65 octets. */
  readonly publicKey: string
}

/** The attestation key that a verdict proves; nothing where none was asked for. */
export function attestedKeyOf({
  verdict,
  evidence,
}: Pick<VerdictRecord, 'verdict' | 'evidence'>): AttestedKey | undefined {
  if (verdict !== 'PASS') return undefined
  const facts = evidence.find(({ kind }) => kind === 'attestation-key')?.facts
  const { implementationId, instanceId, publicKey } = facts ?? {}
  const isWhole =
    typeof implementationId === 'string' &&
    typeof instanceId === 'string' &&
    typeof publicKey === 'string'
  return isWhole ? { implementationId, instanceId, publicKey } : undefined
}

export interface OrderCorimInput {
  /** Id of the order, which becomes that of the CoRIM. */
  readonly order: string
  readonly attestation: OrderAttestation
  /** SHA-256 of the application of the order, lower-case hexadecimal. */
  readonly application: string
  /** Keys of units that have passed and live, in the order of the units. */
  readonly keys: readonly AttestedKey[]
}

/**
 * What a verifier must know of the batch: the key of each unit, and the software of the order as reference values of
 * each implementation that its boards named. The same batch gives the same octets. Nothing while no unit has passed,
 * since only a board names its implementation. Source: attestation-verifier 4.1 and 4.2.
 */
export function orderCorim(input: OrderCorimInput): Uint8Array | undefined {
  const { order, attestation, application, keys } = input
  const implementations = [...new Set(keys.map((key) => key.implementationId))].toSorted()
  if (implementations.length === 0) return undefined
  const software = expectedSoftware(attestation, application)
  return encodePsaCorim({
    id: order,
    tagId: order,
    referenceValues: implementations.flatMap((implementationId) =>
      software.map(({ type, version, sha256, signer }) => ({
        implementationId: fromHex(implementationId),
        digests: [{ algorithm: 'sha-256' as const, value: fromHex(sha256) }],
        signerId: fromHex(signer),
        name: type,
        version,
      })),
    ),
    trustAnchors: keys.map(({ implementationId, instanceId, publicKey }) => ({
      implementationId: fromHex(implementationId),
      instanceId: fromHex(instanceId),
      publicKey: curvePublicKey('P-256', fromHex(publicKey).subarray(1)),
    })),
  })
}
