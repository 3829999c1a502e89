import { bytesDecoders } from '../support/fuzz/bytes-targets.ts'
import { cryptoDecoders } from '../support/fuzz/crypto-targets.ts'
import { fuzzInputs, fuzzSeconds } from '../support/scale.ts'
import { fuzzEach } from './support/each-decoder.ts'

fuzzEach([...bytesDecoders, ...cryptoDecoders], fuzzSeconds(10, 60), fuzzInputs)
