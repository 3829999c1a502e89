import type { Policy } from '@keyline/ledger/records'

/** What the issuer must know of a work order. */
export interface IssuanceOrder {
  readonly orderId: string
  readonly vendorId: number
  readonly productId: number
  readonly policy: Policy
  readonly state: 'open' | 'closed'
  readonly certificateLimit: number
  readonly certificatesUsed: number
}

/** One certificate on its way into the record. */
export interface IssuanceEntry {
  readonly orderId: string
  readonly unitId: string
  readonly idempotencyKey: string
  /** SHA-256 of the request, lower-case hexadecimal. */
  readonly requestHash: string
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly spkiSha256: string
  /** Subject key identifier of the PAI, lower-case hexadecimal. */
  readonly issuerKeyId: string
  /** Lower-case hexadecimal, unique within the issuer. */
  readonly serialNumber: string
  /** X.509 DER. */
  readonly certificate: Uint8Array
}

/**
 * The record that issuing stands on. Its `record` decides: quota, uniqueness of key and serial number, and
 * idempotency are constraints of one transaction. What was asked before is only there to answer early.
 */
export interface IssuanceStore {
  order(orderId: string): Promise<IssuanceOrder | undefined>
  issued(
    idempotencyKey: string,
  ): Promise<{ readonly requestHash: string; readonly certificate: Uint8Array } | undefined>
  /** True when the key belongs to a device or a CA of the record. */
  isKeyKnown(spkiSha256: string): Promise<boolean>
  unitSerialNumber(unitId: string): Promise<string | undefined>
  /**
   * Uses up one certificate of the order. The same key with the same request gives the certificate that was
   * recorded first, `replayed`. Throws when the order, the quota or a uniqueness refuses.
   */
  record(
    entry: IssuanceEntry,
  ): Promise<{ readonly certificate: Uint8Array; readonly replayed: boolean }>
}
