import { concat, equalOctets } from '@keyline/bytes'
import type { Policy } from '@keyline/ledger/records'
import { simulatedAuthority } from '@keyline/psa'
import {
  orderFinding,
  RefusedInput,
  type ChipAuthority,
  type ChipCertificates,
  type ProofProblem,
} from '@keyline/station'
import {
  verifyChain,
  VerifierError,
  type CertificateTrust,
  type VerifierErrorCode,
} from '@keyline/verifier'
import { parseCertificate } from '@keyline/x509'

/** Refusals that the authorities or the clock of the station bring, whatever the chip. */
const ofStation: ReadonlySet<VerifierErrorCode> = new Set(['E_KEY_UNKNOWN', 'E_X509_TIME'])

/**
 * The authorities of an order, as its station asks them.
 * @throws RefusedInput when one of simulated chips stands among them under policy `production`, whatever the order says
 */
export function chipCertificates(
  authorities: readonly ChipAuthority[],
  policy: Policy,
): ChipCertificates {
  requireReal(authorities, policy)
  const trust: CertificateTrust = {
    anchors: authorities.map(({ certificate }) => ({ certificate: parseCertificate(certificate) })),
  }
  return {
    problemOf: (certificate, publicKey, now) => {
      try {
        const certified = verifyChain([certificate], trust, Math.floor(now / 1000))
        const point = concat(Uint8Array.of(0x04), certified.publicKey.octets)
        return equalOctets(point, publicKey) ? undefined : otherKey
      } catch (error) {
        if (!(error instanceof VerifierError)) throw error
        const { code, message } = error
        return { code, message, isStation: ofStation.has(code) }
      }
    },
  }
}

/** Source: attestation, section 7.4. */
const otherKey: ProofProblem = {
  code: 'E_INSTANCE_ID_BINDING',
  message: 'the certificate of the chip is for another key than the one that signs',
  isStation: false,
}

function requireReal(authorities: readonly ChipAuthority[], policy: Policy): void {
  if (policy !== 'production') return
  const simulated = (['FU', 'LU'] as const).map((key) => simulatedAuthority(key).certificate)
  const findings = authorities.flatMap(({ certificate }, index) =>
    simulated.some((one) => equalOctets(one, certificate))
      ? [
          orderFinding(
            'ORD-16',
            `attestation.authorities.${index}`,
            '',
            'certifies simulated chips',
          ),
        ]
      : [],
  )
  if (findings.length > 0) throw new RefusedInput('the order', findings)
}
