import { x509Decoders } from '../support/fuzz/x509-targets.ts'
import { scaled } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(x509Decoders, scaled(10, 60))
