import { crlBenchmark } from './crl.ts'
import { factoryDataBenchmark } from './factory-data.ts'
import type { Benchmark } from './framework.ts'
import { issuerCoreBenchmark } from './issuer-core.ts'
import { issuerBenchmark } from './issuer.ts'
import { lineBenchmark } from './line.ts'
import { psaBenchmark } from './psa.ts'
import { signerBenchmark } from './signer.ts'
import { stationBenchmark } from './station.ts'
import { stsafeBenchmark } from './stsafe.ts'
import { verifierBenchmark } from './verifier.ts'
import { x509Benchmark } from './x509.ts'

/** What `npm run bench -- NAME` knows. */
export const benchmarks: readonly Benchmark[] = [
  x509Benchmark,
  factoryDataBenchmark,
  lineBenchmark,
  stationBenchmark,
  stsafeBenchmark,
  signerBenchmark,
  issuerCoreBenchmark,
  issuerBenchmark,
  crlBenchmark,
  psaBenchmark,
  verifierBenchmark,
]
