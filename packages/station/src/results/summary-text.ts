import type { RunSummary } from '../flow/events.ts'

/** The summary of a run as a table for people. Times are simulated or real, as the run was. */
export function summaryText(summary: RunSummary): string {
  const counts = [
    `${summary.pass} PASS`,
    `${summary.fail} FAIL`,
    `${summary.error} ERROR`,
    `${summary.quarantine} QUARANTINE`,
  ].join('  ')
  const rate = summary.firstPassYield
  const lines = [
    `order ${summary.order}   ${counts}   ${seconds(summary.elapsedMs)}`,
    `first-pass yield ${rate === undefined ? '–' : `${(rate * 100).toFixed(1)} %`}   remaining ${summary.remaining}`,
  ]
  if (summary.stopped !== undefined) lines.push(`stopped: ${summary.stopped}`)
  if (summary.reasons.length > 0) {
    const reasons = summary.reasons.map(({ reason, count }) => `${reason} (${count})`)
    lines.push(`reasons ${reasons.join(', ')}`)
  }
  if (summary.steps.length > 0) {
    lines.push(
      '',
      `${'step'.padEnd(22)}${'boards'.padStart(7)}${'median'.padStart(10)}${'longest'.padStart(10)}`,
    )
    for (const { step, count, medianMs, maxMs } of summary.steps) {
      lines.push(
        `${step.padEnd(22)}${String(count).padStart(7)}${seconds(medianMs).padStart(10)}${seconds(maxMs).padStart(10)}`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
}
