/** Nesting that any DER input may have, the outermost value counted as 1. */
export const maxDerDepth = 12

/** Octets that an input of each kind may have. */
export const derLimits = {
  request: 1024,
  certificate: 8 * 1024,
  signedData: 64 * 1024,
  crl: 16 * 1024 * 1024,
} as const

/** The largest arc of an object identifier: every arc stays an exact number. */
export const maxOidArc = 2 ** 31
