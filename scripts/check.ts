import { houseChecks } from './check/house-checks.ts'
import { root } from './root.ts'
import { addTally, tallyLine, type Tally } from './tally.ts'

let tally: Tally = { passed: 0, failed: 0 }

for (const check of houseChecks) {
  const violations = check.find(root)
  const isClean = violations.length === 0
  process.stdout.write(`${isClean ? '✓' : '✗'} ${check.name}\n`)
  for (const { file, message } of violations) process.stdout.write(`  ${file}: ${message}\n`)
  tally = addTally(tally, isClean ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })
}

process.stdout.write(`${tallyLine(tally)}\n`)
process.exitCode = tally.failed === 0 ? 0 : 1
