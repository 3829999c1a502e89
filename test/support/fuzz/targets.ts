import { bytesTargets } from './bytes-targets.ts'
import { lineTargets } from './line-targets.ts'
import { matterTargets } from './matter-targets.ts'
import { onboardingTargets } from './onboarding-targets.ts'
import { pxpTargets } from './pxp-targets.ts'
import type { FuzzTarget } from './target.ts'
import { x509Targets } from './x509-targets.ts'

/** Every decoder that reads what somebody else wrote. */
export const fuzzTargets: readonly FuzzTarget[] = [
  ...bytesTargets,
  ...x509Targets,
  ...matterTargets,
  ...onboardingTargets,
  ...pxpTargets,
  ...lineTargets,
]
