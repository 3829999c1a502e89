import { attestationDecoders } from './attestation-targets.ts'
import { boardTargets } from './board-targets.ts'
import { bytesDecoders } from './bytes-targets.ts'
import { cryptoDecoders } from './crypto-targets.ts'
import { issuerDecoders } from './issuer-targets.ts'
import { lineTargets } from './line-targets.ts'
import { matterDecoders } from './matter-targets.ts'
import { onboardingDecoders } from './onboarding-targets.ts'
import { psaDecoders } from './psa-targets.ts'
import { pxpTargets } from './pxp-targets.ts'
import { serverDecoders } from './server-targets.ts'
import { signerDecoders } from './signer-targets.ts'
import { stsafeSimDecoders } from './stsafe-sim-targets.ts'
import { stsafeDecoders } from './stsafe-targets.ts'
import type { FuzzTarget } from './target.ts'
import { verifierServiceDecoders } from './verifier-service-targets.ts'
import { verifierDecoders } from './verifier-targets.ts'
import { x509Decoders } from './x509-targets.ts'

/** Every way into a decoder that reads what somebody else wrote. */
export const fuzzTargets: readonly FuzzTarget[] = [
  ...[bytesDecoders, cryptoDecoders, x509Decoders, matterDecoders, onboardingDecoders].flatMap(
    (decoders) => decoders.flatMap(({ targets }) => targets),
  ),
  ...attestationDecoders.flatMap(({ targets }) => targets),
  ...issuerDecoders.flatMap(({ targets }) => targets),
  ...stsafeDecoders.flatMap(({ targets }) => targets),
  ...stsafeSimDecoders.flatMap(({ targets }) => targets),
  ...signerDecoders.flatMap(({ targets }) => targets),
  ...serverDecoders.flatMap(({ targets }) => targets),
  ...psaDecoders.flatMap(({ targets }) => targets),
  ...verifierDecoders.flatMap(({ targets }) => targets),
  ...verifierServiceDecoders.flatMap(({ targets }) => targets),
  ...pxpTargets,
  ...lineTargets,
  ...boardTargets,
]
