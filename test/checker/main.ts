import { checkOutputs } from './check-outputs.ts'
import { describeViolation } from './violation.ts'

/** Program: `main.ts HOME RESULTS [--open]`. Prints each violation; exit code 1 when there is one, 2 for wrong usage. */
const [home, results, flag] = process.argv.slice(2)
if (home === undefined || results === undefined || (flag !== undefined && flag !== '--open')) {
  process.stderr.write('usage: main.ts HOME RESULTS [--open]\n')
  process.exitCode = 2
} else {
  const violations = checkOutputs({ home, results, isFinished: flag === undefined })
  for (const violation of violations) process.stdout.write(`${describeViolation(violation)}\n`)
  process.stdout.write(`${violations.length} violations\n`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
