import { psaDecoders } from '../support/fuzz/psa-targets.ts'
import { fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(psaDecoders, fuzzSeconds(2, 60))
