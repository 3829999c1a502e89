import { attestationDecoders } from '../support/fuzz/attestation-targets.ts'
import { fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach(attestationDecoders, fuzzSeconds(10, 60))
