import { serverDecoders } from '../support/fuzz/server-targets.ts'
import { fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(serverDecoders, fuzzSeconds(2, 60))
