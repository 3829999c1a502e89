import { readFileSync, writeSync } from 'node:fs'
import { CrashPoints } from './support/crash-points.ts'
import { LineJob } from './support/line-job.ts'
import { runWatchedLine } from './support/watched-line.ts'
import { watchRenames } from './support/watched-renames.ts'

/**
 * Program: `child JOB N [--resume]` runs the line of a job and ends itself with SIGKILL at the N-th crash point,
 * after it has said its name. 0: runs to the end, and says every point.
 */
const [, , file = '', place = '0', flag] = process.argv
const points = new CrashPoints((count, name) => {
  if (count !== Number(place)) return
  writeSync(1, JSON.stringify({ killedAt: name }))
  process.kill(process.pid, 'SIGKILL')
})
watchRenames(points)
const job = LineJob.parse(JSON.parse(readFileSync(file, 'utf8')))
await runWatchedLine(job, { points, resume: flag === '--resume' })
writeSync(1, JSON.stringify({ points: points.names }))
