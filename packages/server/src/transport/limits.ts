/** What one connection and one request may cost. Source: security, section 3. */
export const transportLimits = {
  bodyOctets: 65_536,
  headerLines: 100,
  headerOctets: 16_384,
  connections: 2_048,
} as const

/** How long a caller may take, milliseconds. */
export interface TransportTimeouts {
  readonly handshakeMs: number
  readonly headersMs: number
  /** Head and body together. */
  readonly requestMs: number
  /** Between two requests. */
  readonly keepAliveMs: number
}

export const transportTimeouts: TransportTimeouts = {
  handshakeMs: 10_000,
  headersMs: 10_000,
  requestMs: 20_000,
  keepAliveMs: 65_000,
}
