import { issuerDecoders } from '../support/fuzz/issuer-targets.ts'
import { fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(issuerDecoders, fuzzSeconds(2, 60))
