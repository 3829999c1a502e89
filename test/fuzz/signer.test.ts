import { signerDecoders } from '../support/fuzz/signer-targets.ts'
import { fuzzInputs, fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(signerDecoders, fuzzSeconds(2, 60), fuzzInputs)
