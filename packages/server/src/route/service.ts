import type { Clock, Random } from '@keyline/bytes'
import type { WorkOrder } from '@keyline/ledger/records'
import type { MemberDirectory } from '../identity/member-directory.ts'
import type { MemberStore } from '../identity/member.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { ServiceCa } from '../service-ca/service-ca.ts'

/** Asks for one device certificate. */
export interface DacCall {
  readonly orderId: string
  readonly unitId: string
  readonly idempotencyKey: string
  /** PKCS#10 DER. */
  readonly csr: Uint8Array
  /** Name of the member that asks. */
  readonly stationId: string
  /** Makes the unit where the record has none of this id. */
  readonly identity?:
    | { readonly serialNumber: string; readonly boardUid?: string | undefined }
    | undefined
}

/** X.509 DER: the device's certificate and the two above it. */
export interface DacAnswer {
  readonly dac: Uint8Array
  readonly pai: Uint8Array
  readonly paa: Uint8Array
  /** True when an earlier request was answered with it. */
  readonly replayed: boolean
}

/** Issues device certificates under work orders. */
export interface DacIssuer {
  issue(call: DacCall, options?: { readonly signal?: AbortSignal | undefined }): Promise<DacAnswer>
}

export interface OrderView {
  readonly orderId: string
  readonly vendorId: number
  readonly productId: number
  readonly policy: 'test' | 'production'
  readonly state: 'open' | 'paused' | 'closed'
  readonly quantity: number
  readonly certificateLimit: number
  readonly certificatesUsed: number
  readonly stations?: readonly string[] | undefined
  /** Milliseconds since 1970. */
  readonly opens?: number | undefined
  readonly closes?: number | undefined
}

export interface CertificateView {
  readonly sha256: string
  readonly orderId: string
  readonly unitId: string
  readonly issuerKeyId: string
  readonly serialNumber: string
  /** X.509 DER. */
  readonly certificate: Uint8Array
  readonly state: 'live' | 'void'
  /** Milliseconds since 1970. */
  readonly issuedAt: number
  /** The station that asked for it. */
  readonly stationId?: string | undefined
}

/** Reasons that a revocation can have (RFC 5280 section 5.3.1). */
export const revocationReason = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
  'aACompromise',
] as const
export type RevocationReason = (typeof revocationReason)[number]

export interface RevocationView {
  readonly issuerKeyId: string
  readonly serialNumber: string
  readonly reason: RevocationReason
  /** Milliseconds since 1970. */
  readonly revokedAt: number
}

export interface RevocationStore {
  revoke(input: {
    readonly certificateSha256: string
    readonly reason: RevocationReason
  }): Promise<RevocationView>
  /** The newest list of an issuer. */
  crl(issuerKeyId: string): Promise<
    | {
        readonly der: Uint8Array
        /** Milliseconds since 1970. */
        readonly thisUpdate: number
        readonly nextUpdate: number
      }
    | undefined
  >
}

/** Acts on the record in the name of one member. */
export interface ActingLedger {
  createOrder(order: WorkOrder): Promise<boolean>
  pauseOrder(orderId: string): Promise<void>
  resumeOrder(orderId: string): Promise<void>
  closeOrder(orderId: string): Promise<void>
  readonly members: MemberStore
  readonly revocation: RevocationStore
}

/** The record as the server needs it. */
export interface ServerLedger extends ActingLedger {
  /** The same record; `actor` stands in its audit records. */
  as(actor: string): ActingLedger
  order(orderId: string): Promise<OrderView | undefined>
  orders(): Promise<readonly OrderView[]>
  certificate(sha256: string): Promise<CertificateView | undefined>
  /** What was answered to an idempotency key, and the hash of its request. */
  issued(
    idempotencyKey: string,
  ): Promise<{ readonly requestHash: string; readonly certificate: Uint8Array } | undefined>
  exportAudit(write: (line: string) => Promise<void> | void): Promise<unknown>
  /** Fails when the record does not answer. */
  ping(): Promise<void>
}

/** What the endpoints work with. */
export interface Service {
  readonly ledger: ServerLedger
  readonly issuer: DacIssuer
  readonly directory: MemberDirectory
  readonly serviceCa: ServiceCa
  /** X.509 DER. */
  readonly pai: Uint8Array
  readonly paa: Uint8Array
  readonly policy: 'test' | 'production'
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: Random
}
