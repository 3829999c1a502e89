import { serverDecoders } from '../support/fuzz/server-targets.ts'
import { fuzzInputs, fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(serverDecoders, fuzzSeconds(2, 60), fuzzInputs)
