import { canonicalJson, encodeUtf8, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'

export interface HashedRequest {
  readonly orderId: string
  readonly unitId: string
  /** PKCS#10 DER. */
  readonly csr: Uint8Array
}

/** What makes two requests the same: order, unit and every octet of the CSR. Lower-case hexadecimal. */
export function requestHash(request: HashedRequest): string {
  const { orderId, unitId, csr } = request
  return toHex(sha256(encodeUtf8(canonicalJson({ csr: toHex(csr), orderId, unitId }))))
}
