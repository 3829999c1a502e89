import { writeFileSync } from 'node:fs'
import {
  DefaultReporter,
  type SerializedError,
  type TestModule,
  type TestRunEndReason,
} from 'vitest/node'
import { testSeed } from '../test/support/scale.ts'
import { tallyLine, type Tally } from './tally.ts'

/**
 * The reporter of the house: vitest's own, and as very last line `N passed, N failed`.
 * A file that does not load, an error outside of a test, a skipped test and an empty run are failures.
 * With `KEYLINE_TALLY` set, the counts go to that file instead, and the caller prints the line.
 */
export default class HouseReporter extends DefaultReporter {
  constructor() {
    super({ summary: false })
  }

  override onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, unhandledErrors, reason)
    const isNarrowed = this.ctx.config.testNamePattern !== undefined
    const tally = count(modules, unhandledErrors.length, isNarrowed)
    if (tally.failed > 0) process.exitCode = 1
    const file = process.env['KEYLINE_TALLY'] ?? ''
    if (file === '') process.stdout.write(`seed ${testSeed}\n${tallyLine(tally)}\n`)
    else writeFileSync(file, JSON.stringify(tally))
  }
}

function count(modules: readonly TestModule[], unhandled: number, isNarrowed: boolean): Tally {
  let passed = 0
  let failed = unhandled
  for (const module of modules) {
    failed += module.errors().length
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') passed += 1
      else if (state === 'failed' || !isNarrowed) failed += 1
    }
  }
  return passed + failed === 0 ? { passed: 0, failed: 1 } : { passed, failed }
}
