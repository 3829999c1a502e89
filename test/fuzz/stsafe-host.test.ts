import { stsafeDecoders } from '../support/fuzz/stsafe-targets.ts'
import { fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach([...stsafeDecoders], fuzzSeconds(2, 60))
