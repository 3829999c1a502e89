import { equalOctets, isKeylineError } from '@keyline/bytes'
import { checkChain, matterIds, profileViolations } from '@keyline/matter'
import { parseCertificate, type Certificate } from '@keyline/x509'

/** The authorities of a run, parsed once. */
export interface Authorities {
  readonly pai: Certificate
  readonly paa: Certificate
}

export interface IssuedChainInput {
  readonly authorities: Authorities
  /** X.509 DER, as the issuer or the board gave them. */
  readonly dac: Uint8Array
  readonly pai: Uint8Array
  /** The point that the board showed, 65 octets. */
  readonly publicKey: Uint8Array
  readonly vendorId: number
  readonly productId: number
  /** Milliseconds since 1970. */
  readonly time: number
}

/** How far the clock of an issuer elsewhere may be ahead. Source: fault matrix, TIME-3. */
const issuerAheadMs = 300_000

/**
 * The time at which a certificate is judged: that of the clock, or the certificate's beginning where the clock is only as
 * far behind it as clocks may differ.
 * @param now milliseconds since 1970
 */
export function judgingTime({ notBefore }: Pick<Certificate, 'notBefore'>, now: number): number {
  const begin = notBefore.getTime()
  return begin > now && begin <= now + issuerAheadMs ? begin : now
}

/**
 * What is wrong with an issued certificate before it may reach a board: profile, chain, ids, key, validity.
 * Empty: nothing. Source: provisioning-station section 7.4, checks ATT-02 to ATT-07 and ATT-09 to ATT-12.
 */
export function issuedChainProblems(input: IssuedChainInput): readonly string[] {
  const { authorities } = input
  if (!equalOctets(input.pai, authorities.pai.der)) return ['PAI-OTHER']
  let dac: Certificate
  try {
    dac = parseCertificate(input.dac)
  } catch (error) {
    if (isKeylineError(error)) return ['CERT-DER']
    throw error
  }
  const problems: string[] = [...profileViolations(dac, 'DAC')]
  problems.push(...checkChain({ dac, ...authorities }))
  const ids = matterIds(dac.subject)
  if (ids.vendorId !== input.vendorId) problems.push('DAC-VENDOR')
  if (ids.productId !== input.productId) problems.push('DAC-PRODUCT')
  const point = dac.publicPoint
  if (point === undefined || !equalOctets(point, input.publicKey)) problems.push('DAC-KEY')
  const time = judgingTime(dac, input.time)
  const isValid = dac.notBefore.getTime() <= time && time <= dac.notAfter.getTime()
  if (!isValid) problems.push('DAC-VALIDITY')
  return problems
}
