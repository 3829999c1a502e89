import { encodeUtf8, seededRandom } from '@keyline/bytes'
import { generateCurveKeyPair, sha256, type WeierstrassCurve } from '@keyline/crypto'
import type { PsaReferenceValue } from '@keyline/eat'
import type { AnchorCurve, EndorsementTransaction } from '@keyline/verifier'

/** Octets that are the same for the same words. */
export function hashOf(words: string): Uint8Array {
  return sha256(encodeUtf8(words))
}

export function instanceOf(words: string): Uint8Array {
  const instanceId = new Uint8Array(33)
  instanceId[0] = 1
  instanceId.set(hashOf(words), 1)
  return instanceId
}

const made = new Map<string, Uint8Array>()

/** X ‖ Y of a key that is the same for the same words. */
export function pointOf(words: string, curve: WeierstrassCurve = 'P-256'): Uint8Array {
  const name = `${curve} ${words}`
  const point = made.get(name) ?? generateCurveKeyPair(curve, seededRandom(name)).publicKey.octets
  made.set(name, point)
  return point
}

export const implementationId: Uint8Array = hashOf('implementation')

/** What a transaction is handed as an anchor. */
export function anchorOf(device: string, key: string = device, curve: AnchorCurve = 'P-256') {
  return {
    implementationId,
    instanceId: instanceOf(device),
    key: { type: 'ec', curve, point: pointOf(key, curve) },
  } as const
}

export function referenceOf(words: string): PsaReferenceValue {
  return {
    implementationId,
    digests: [{ algorithm: 'sha-256', value: hashOf(words) }],
    signerId: hashOf('signer'),
    name: 'BL',
    version: '1.0.0',
  }
}

/** Begins, works, commits. */
export async function within<T>(
  store: { begin(source: { readonly id: string }): Promise<EndorsementTransaction> },
  work: (transaction: EndorsementTransaction) => T | Promise<T>,
  source: { readonly id: string } = { id: 'batch' },
): Promise<T> {
  const transaction = await store.begin(source)
  const result = await work(transaction)
  await transaction.commit()
  return result
}
