import type { Benchmark } from './framework.ts'
import { psaBenchmark } from './psa.ts'
import { anchorFigures } from './verifier-anchors.ts'
import { httpFigures } from './verifier-http.ts'
import { inProcessWork } from './verifier-in-process.ts'
import { rateFigures } from './verifier-rate.ts'
import { worstFigures } from './verifier-worst.ts'

/** What a verifier keeps up with, and what its devices do. */
export const verifierBenchmark: Benchmark = {
  name: 'verifier',
  title: 'verified tokens, each of another device, against key import and signature check alone',
  async *measure() {
    yield* rateFigures()
    yield* httpFigures(await inProcessWork())
    yield* anchorFigures()
    yield* worstFigures()
    for await (const figure of psaBenchmark.measure()) {
      if (figure.figure.includes('attestation token')) yield figure
    }
  },
}
