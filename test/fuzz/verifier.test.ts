import { verifierServiceDecoders } from '../support/fuzz/verifier-service-targets.ts'
import { verifierDecoders } from '../support/fuzz/verifier-targets.ts'
import { fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach([...verifierDecoders, ...verifierServiceDecoders], fuzzSeconds(2, 60))
