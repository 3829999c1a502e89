/** Labels of header parameters (RFC 9052 section 3.1, RFC 9360, and those of signed CoRIMs). */
export const HeaderLabel = {
  algorithm: 1,
  critical: 2,
  contentType: 3,
  keyId: 4,
  /** Of a signed CoRIM. */
  corimMeta: 8,
  cwtClaims: 15,
  certificateChain: 33,
} as const

/** Labels that may be named as critical, since every reader here understands them. */
export const understoodLabels: ReadonlySet<unknown> = new Set<number>([
  HeaderLabel.algorithm,
  HeaderLabel.critical,
  HeaderLabel.contentType,
  HeaderLabel.keyId,
  HeaderLabel.certificateChain,
])
