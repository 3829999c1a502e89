import { stsafeDecoders } from '../support/fuzz/stsafe-targets.ts'
import { scaled } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach([...stsafeDecoders], scaled(10, 60))
