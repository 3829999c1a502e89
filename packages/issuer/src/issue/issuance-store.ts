import type { Policy } from '@keyline/ledger/records'

/** What the issuer must know of a work order. Times are milliseconds since 1970. */
export interface IssuanceOrder {
  readonly orderId: string
  readonly vendorId: number
  readonly productId: number
  readonly policy: Policy
  readonly state: 'open' | 'paused' | 'closed'
  readonly certificateLimit: number
  readonly certificatesUsed: number
  /** Stations that may ask; all of them when absent. */
  readonly stations?: readonly string[] | undefined
  /** No certificate before it. */
  readonly opens?: number | undefined
  /** No certificate from it on. */
  readonly closes?: number | undefined
  /** Key identifier of the one PAI of the order, lower-case hexadecimal; absent before its first certificate. */
  readonly issuerKeyId?: string | undefined
}

/** Who a unit is, where its secrets are on the record of the station that asks. */
export interface UnitIdentity {
  readonly serialNumber: string
  /** 96-bit UID of the STM32, lower-case hexadecimal. */
  readonly boardUid?: string | undefined
}

/** What a request is about. */
export interface IssuanceQuestion {
  readonly orderId: string
  readonly unitId: string
  readonly idempotencyKey: string
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal; absent where the request has no readable key. */
  readonly spkiSha256?: string | undefined
}

/** What the record knows about a request. */
export interface IssuanceProspect {
  readonly order?: IssuanceOrder | undefined
  /** What was answered under the idempotency key. */
  readonly issued?: { readonly requestHash: string; readonly certificate: Uint8Array } | undefined
  /** Serial number of the unit; absent when the record has no such unit. */
  readonly serialNumber?: string | undefined
  /** True when the key belongs to a device of the record. */
  readonly isKeyKnown: boolean
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
  /** The station that asks, where it asks from elsewhere. */
  readonly stationId?: string | undefined
  /** Makes the unit where the record has none of this id. */
  readonly identity?: UnitIdentity | undefined
}

export interface IssuanceAnswer {
  readonly certificate: Uint8Array
  /** True when an earlier call had recorded it. */
  readonly replayed: boolean
}

/**
 * The record that issuing stands on. Its `record` decides: state, time, stations and quota of the order, uniqueness of
 * key, serial number and identity, and idempotency are constraints of one transaction. `prospect` is only there to
 * answer early. Both throw a `KeylineError`; one with the fault `infrastructure` says that the record cannot answer.
 */
export interface IssuanceStore {
  prospect(question: IssuanceQuestion): Promise<IssuanceProspect>
  /**
   * Uses up one certificate of the order. The same key with the same request gives the certificate that was
   * recorded first, `replayed`. Throws when the order, the quota or a uniqueness refuses.
   */
  record(entry: IssuanceEntry): Promise<IssuanceAnswer>
}
