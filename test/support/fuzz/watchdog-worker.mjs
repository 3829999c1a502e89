import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'

const { name, Cell, cells, input, hangMs } = workerData
let seen = -1

setInterval(() => {
  const execution = Atomics.load(cells, Cell.execution)
  if (Atomics.load(cells, Cell.isRunning) === 1 && execution === seen) end()
  seen = execution
}, hangMs)

function end() {
  const hex = Buffer.from(input.slice(0, Atomics.load(cells, Cell.length))).toString('hex')
  writeSync(2, `${name} hangs: no end within ${hangMs} ms\n  input ${hex}\n`)
  process.kill(process.pid, 'SIGKILL')
}
