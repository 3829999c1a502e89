import { lineTargets } from '../support/fuzz/line-targets.ts'
import { onboardingDecoders } from '../support/fuzz/onboarding-targets.ts'
import { pxpTargets } from '../support/fuzz/pxp-targets.ts'
import { fuzzInputs, fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

const lineDecoders = [...pxpTargets, ...lineTargets].map((target) => ({
  name: target.name,
  targets: [target],
}))

fuzzEach(onboardingDecoders, fuzzSeconds(10, 60), fuzzInputs)
fuzzEach(lineDecoders, fuzzSeconds(1, 60), fuzzInputs)
