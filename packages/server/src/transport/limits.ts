/** What one connection and one request may cost. Source: security, section 3. */
export const transportLimits = {
  bodyOctets: 65_536,
  headerLines: 100,
  headerOctets: 16_384,
  headersTimeoutMs: 10_000,
  /** Head and body together. */
  requestTimeoutMs: 20_000,
  handshakeTimeoutMs: 10_000,
  keepAliveTimeoutMs: 65_000,
  connections: 2_048,
} as const
