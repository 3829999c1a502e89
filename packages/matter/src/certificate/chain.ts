import { isSignedBy, publicKeyOf, type Certificate } from '@keyline/x509'
import { checkIssuerValidity, isIssuer, type AttestationChain, type ChainProblem } from './link.ts'

/**
 * All problems of a chain; none when it holds. A signature is only asked for where the issuer is the right one. Whether the DAC
 * is valid now is not asked here.
 */
export function checkChain(chain: AttestationChain): readonly ChainProblem[] {
  const { dac, pai, paa } = chain
  return [...checkDacLink(dac, pai), ...checkPaiLink(pai, paa), ...checkIssuerValidity(chain)]
}

/** The link from DAC to PAI alone. */
export function checkDacLink(dac: Certificate, pai: Certificate): readonly ChainProblem[] {
  if (!isIssuer(pai, dac)) return ['DAC-ISSUER']
  return hasSigned(pai, dac) ? [] : ['DAC-SIGNATURE']
}

/** The link from PAI to PAA alone. */
export function checkPaiLink(pai: Certificate, paa: Certificate): readonly ChainProblem[] {
  if (!isIssuer(paa, pai)) return ['PAI-ISSUER']
  return hasSigned(paa, pai) ? [] : ['PAI-SIGNATURE']
}

function hasSigned(issuer: Certificate, child: Certificate): boolean {
  const publicKey = publicKeyOf(issuer)
  return publicKey !== undefined && isSignedBy(child, publicKey)
}
