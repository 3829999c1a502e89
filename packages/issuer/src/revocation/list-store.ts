import type { RevocationReason } from '@keyline/x509'

/** What a list needs of a revocation. The serial number is hexadecimal, the time in milliseconds since 1970. */
export interface ListedRevocation {
  readonly serialNumber: string
  readonly reason: RevocationReason
  readonly revokedAt: number
}

/** The first revocations of an issuer, under the number that a list of them gets. */
export interface ListSnapshot {
  readonly number: number
  readonly count: number
  readonly pages: (after?: number) => AsyncIterable<readonly ListedRevocation[]>
}

/** A list as it is kept. Times in milliseconds since 1970. */
export interface KeptList {
  readonly issuerKeyId: string
  readonly number: number
  readonly count: number
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** CertificateList, DER. */
  readonly der: Uint8Array
}

/** Where revocations come from and lists go to: a ledger. */
export interface ListStore {
  count(issuerKeyId: string): Promise<number>
  /** One consistent snapshot, with a number greater than every one before. */
  openCrl(issuerKeyId: string): Promise<ListSnapshot>
  /** False when a newer list is kept already. */
  putCrl(list: KeptList): Promise<boolean>
  crl(issuerKeyId: string): Promise<KeptList | undefined>
}
