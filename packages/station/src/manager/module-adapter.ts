/** Runs in the worker: imports the manager, calls it, and posts what it gave. */
const inWorker = `
import { parentPort, workerData } from 'node:worker_threads'
const { url, mode, header, port, serialNumber, job } = workerData
const station = {
  serialNumber,
  job,
  log: (text) => parentPort.postMessage({ type: 'log', text: String(text) }),
  certificateFor: (csr) => new Promise((resolve, reject) => {
    parentPort.once('message', (answer) => {
      if (answer.type !== 'certificate') return reject(new Error(answer.message))
      resolve({ dac: Buffer.from(answer.dac, 'base64'), pai: Buffer.from(answer.pai, 'base64') })
    })
    parentPort.postMessage({ type: 'csr', csr: Buffer.from(csr).toString('base64') })
  }),
}
const module = await import(url)
const provisioning = module.Provisioning ?? module.default?.Provisioning
if (typeof provisioning !== 'function') throw new TypeError('the file exports no function Provisioning')
const answer = await provisioning(mode, header, port, station)
if (typeof answer !== 'object' || answer === null) throw new TypeError('Provisioning returned no [message, code]')
const [message, code, reason] = Array.isArray(answer) ? answer : [answer.message, answer.code, answer.reason]
parentPort.postMessage({ type: 'result', code: Number(code), reason, message: String(message ?? '') })
`

/**
 * Calls `Provisioning(mode, header, port, station)` of the JavaScript file that is its argument, in a worker thread of
 * a process of its own: the worker keeps what the manager prints apart from the JSON lines, and the process keeps what
 * a thread cannot, a native crash, `process.kill` and children.
 */
export const moduleAdapter = `
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
const { MODE, HEADER, PORT, SERIAL, JOB } = process.env
const tell = (message) => process.stdout.write(JSON.stringify(message) + '\\n')
const worker = new Worker(new URL('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(inWorker))}), {
  stdout: true,
  workerData: {
    url: pathToFileURL(process.argv[1]).href,
    mode: Number(MODE), header: HEADER, port: PORT, serialNumber: SERIAL, job: JOB,
  },
})
createInterface({ input: worker.stdout }).on('line', (text) => tell({ type: 'log', text }))
const answers = createInterface({ input: process.stdin }).on('line', (line) => worker.postMessage(JSON.parse(line)))
let hasResult = false
worker.on('message', (message) => {
  tell(message)
  if (message.type !== 'result') return
  hasResult = true
  void worker.terminate()
})
worker.on('error', (error) => {
  process.stderr.write(String(error?.stack ?? '') + '\\n' + String(error) + '\\n')
  process.exitCode = 1
})
worker.on('exit', (code) => {
  if (!hasResult && code !== 0) process.exitCode = 1
  answers.close()
  process.stdin.destroy()
})
`
