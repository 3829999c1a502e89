import { matterDecoders } from '../support/fuzz/matter-targets.ts'
import { scaled } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(matterDecoders, scaled(10, 60))
