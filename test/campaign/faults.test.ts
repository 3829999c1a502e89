import { expect, it } from 'vitest'
import { scaled, testSeed } from '../support/scale.ts'
import { drawLine, runDrawnLine } from './support/drawn-line.ts'

const boardsOfLine = 20

it('keeps every promise on boards with drawn faults, until all of them are made', async () => {
  const boards = scaled(500, 10_000)
  const violations: string[] = []
  const verdicts: Record<string, number> = {}
  for (let made = 0; made < boards; made += boardsOfLine) {
    const line = drawLine(`${testSeed}/${made}`, boardsOfLine)
    const result = await runDrawnLine(line)
    violations.push(...result.violations)
    for (const [verdict, count] of Object.entries(result.verdicts)) {
      verdicts[verdict] = (verdicts[verdict] ?? 0) + count
    }
  }
  process.stdout.write(`${boards} boards made among faults: ${JSON.stringify(verdicts)}\n`)
  expect(violations).toEqual([])
  expect(verdicts['PASS']).toBeGreaterThanOrEqual(boards)
  for (const verdict of ['FAIL', 'ERROR', 'QUARANTINE']) {
    expect(verdicts[verdict]).toBeGreaterThan(0)
  }
}, 3_600_000)
