import { concat, fromHex } from '@keyline/bytes'
import { generateP256, keyPairSigner } from '@keyline/crypto'
import type { DacRequest } from '@keyline/issuer/client'
import { buildRequest, name } from '@keyline/x509'

/** A board as its callers know it: its request, and the key that the certificate must name. */
export interface BoardRequest {
  readonly request: DacRequest
  readonly serialNumber: string
  /** SubjectPublicKeyInfo DER. */
  readonly spki: Uint8Array
}

/** AlgorithmIdentifier of P-256 and the head of the BIT STRING (RFC 5480). */
const spkiHead = fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200')

const emptyName = name([])

/** A board with a new key. @param place 1, 2, 3, …; names it inside its order */
export async function drawBoard(orderId: string, place: number): Promise<BoardRequest> {
  const pair = generateP256()
  const unitId = `${orderId}-unit-${place}`
  const serialNumber = `${orderId}-${String(place).padStart(6, '0')}`
  const csr = await buildRequest({ subject: emptyName, signer: keyPairSigner(pair) })
  return {
    request: {
      orderId,
      unitId,
      idempotencyKey: `first:${unitId}`,
      csr,
      identity: { serialNumber },
    },
    serialNumber,
    spki: concat(spkiHead, pair.publicKey.point),
  }
}
