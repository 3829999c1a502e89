import { issuerDecoders } from '../support/fuzz/issuer-targets.ts'
import { fuzzInputs, fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(issuerDecoders, fuzzSeconds(2, 60), fuzzInputs)
