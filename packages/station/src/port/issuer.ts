/** Asks for a device certificate. The same key with the same body gives the same answer, for ever. */
export interface IssueRequest {
  readonly orderId: string
  readonly unitId: string
  /** Names this request; drawn by the station and journaled before the first try. */
  readonly idempotencyKey: string
  /** PKCS#10 DER from the board. */
  readonly csr: Uint8Array
  /** Who the unit is, for an issuer whose record has never heard of it. */
  readonly identity?:
    | {
        readonly serialNumber: string
        /** 96-bit UID of the board, lower-case hexadecimal. */
        readonly boardUid?: string | undefined
      }
    | undefined
}

export interface IssuedCertificate {
  /** X.509 DER. */
  readonly dac: Uint8Array
  readonly pai: Uint8Array
  readonly paa: Uint8Array
}

/** The one way to a certificate: in process, or a service behind it. */
export interface Issuer {
  issue(
    request: IssueRequest,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<IssuedCertificate>
}
