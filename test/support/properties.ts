import { configureGlobal } from 'fast-check'
import { scaled, testSeed } from './scale.ts'

/** Every property of the house draws from the seed of the run, and more often in a long run. */
configureGlobal({ seed: testSeed, numRuns: scaled(100, 2_000) })
