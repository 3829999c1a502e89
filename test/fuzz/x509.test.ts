import { x509Decoders } from '../support/fuzz/x509-targets.ts'
import { fuzzInputs, fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(x509Decoders, fuzzSeconds(10, 60), fuzzInputs)
