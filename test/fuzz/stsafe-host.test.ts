import { stsafeDecoders } from '../support/fuzz/stsafe-targets.ts'
import { fuzzInputs, fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach([...stsafeDecoders], fuzzSeconds(2, 60), fuzzInputs)
