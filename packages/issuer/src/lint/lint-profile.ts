import type { KeyUsage } from '@keyline/x509'

export type LintRole = 'DAC' | 'PAI' | 'PAA'

/** What a role demands of a certificate (matter 10.2), written down a second time: nothing is shared with who builds. */
export interface LintProfile {
  readonly role: LintRole
  /** The role of who signs it. */
  readonly issuerRole: 'PAI' | 'PAA'
  readonly ca: boolean
  readonly pathLengths: readonly (number | undefined)[]
  readonly requiredUsages: readonly KeyUsage[]
  readonly allowedUsages: readonly KeyUsage[]
  readonly isVendorRequired: boolean
  readonly product: 'required' | 'optional' | 'forbidden'
  readonly isAuthorityKeyRequired: boolean
  /** Must the validity end inside that of the issuer? It must begin there in any case. */
  readonly endsInsideIssuer: boolean
}

/** A certificate that this issuer has made: no more than it promises. */
export const issuedDac: LintProfile = {
  role: 'DAC',
  issuerRole: 'PAI',
  ca: false,
  pathLengths: [undefined],
  requiredUsages: ['digitalSignature'],
  allowedUsages: ['digitalSignature'],
  isVendorRequired: true,
  product: 'required',
  isAuthorityKeyRequired: true,
  endsInsideIssuer: true,
}

/** A device certificate of any issuer. */
export const anyDac: LintProfile = { ...issuedDac, endsInsideIssuer: false }

export const anyPai: LintProfile = {
  role: 'PAI',
  issuerRole: 'PAA',
  ca: true,
  pathLengths: [0],
  requiredUsages: ['keyCertSign', 'cRLSign'],
  allowedUsages: ['keyCertSign', 'cRLSign', 'digitalSignature'],
  isVendorRequired: true,
  product: 'optional',
  isAuthorityKeyRequired: true,
  endsInsideIssuer: false,
}

export const anyPaa: LintProfile = {
  ...anyPai,
  role: 'PAA',
  pathLengths: [undefined, 1],
  isVendorRequired: false,
  product: 'forbidden',
  isAuthorityKeyRequired: false,
}
