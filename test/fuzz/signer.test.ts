import { signerDecoders } from '../support/fuzz/signer-targets.ts'
import { fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(signerDecoders, fuzzSeconds(2, 60))
