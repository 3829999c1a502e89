import { canonicalJson, encodeUtf8, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { UnitIdentity } from './issuance-store.ts'

export interface HashedRequest {
  readonly orderId: string
  readonly unitId: string
  /** PKCS#10 DER. */
  readonly csr: Uint8Array
  readonly identity?: UnitIdentity | undefined
}

/** What makes two requests the same: order, unit, its identity and every octet of the CSR. Lower-case hexadecimal. */
export function requestHash(request: HashedRequest): string {
  const { orderId, unitId, csr, identity } = request
  const named =
    identity === undefined
      ? {}
      : { serialNumber: identity.serialNumber, board: identity.boardUid ?? null }
  return toHex(sha256(encodeUtf8(canonicalJson({ csr: toHex(csr), orderId, unitId, ...named }))))
}
