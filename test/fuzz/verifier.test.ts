import { verifierDecoders } from '../support/fuzz/verifier-targets.ts'
import { fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(verifierDecoders, fuzzSeconds(2, 60))
