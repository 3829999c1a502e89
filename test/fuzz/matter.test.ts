import { matterDecoders } from '../support/fuzz/matter-targets.ts'
import { fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(matterDecoders, fuzzSeconds(10, 60))
