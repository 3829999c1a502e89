import { matterDecoders } from '../support/fuzz/matter-targets.ts'
import { fuzzInputs, fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(matterDecoders, fuzzSeconds(10, 60), fuzzInputs)
