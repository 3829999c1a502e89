/**
 * Calls `Provisioning(mode, header, port, station)` of the JavaScript file that is its argument. It is the main thread
 * of a process of its own: a worker thread would share its process with others, and serial libraries with a native
 * part end their process when they are used in one. What the manager prints is log text.
 */
export const moduleAdapter = `
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
const { MODE, HEADER, PORT, SERIAL, JOB } = process.env
const write = process.stdout.write.bind(process.stdout)
const tell = (message, then) => write(JSON.stringify(message) + '\\n', then)

let rest = ''
process.stdout.write = (text, ...others) => {
  const lines = (rest + (typeof text === 'string' ? text : Buffer.from(text).toString())).split('\\n')
  rest = lines.pop()
  for (const line of lines) tell({ type: 'log', text: line })
  others.find((other) => typeof other === 'function')?.()
  return true
}

const fail = (error) => {
  process.stderr.write(String(error?.stack ?? '') + '\\n' + String(error) + '\\n', () => process.exit(1))
}
process.on('uncaughtException', fail)

const station = {
  serialNumber: SERIAL,
  job: JOB,
  log: (text) => void tell({ type: 'log', text: String(text) }),
  certificateFor: (csr) => new Promise((resolve, reject) => {
    createInterface({ input: process.stdin }).once('line', (line) => {
      const { type, dac, pai, message } = JSON.parse(line)
      if (type !== 'certificate') return reject(new Error(message))
      resolve({ dac: Buffer.from(dac, 'base64'), pai: Buffer.from(pai, 'base64') })
    })
    tell({ type: 'csr', csr: Buffer.from(csr).toString('base64') })
  }),
}

try {
  const module = await import(pathToFileURL(process.argv[1]).href)
  const provisioning = module.Provisioning ?? module.default?.Provisioning
  if (typeof provisioning !== 'function') throw new TypeError('the file exports no function Provisioning')
  const answer = await provisioning(Number(MODE), HEADER, PORT, station)
  if (typeof answer !== 'object' || answer === null) {
    throw new TypeError('Provisioning returned no [message, code]')
  }
  const [message, code, reason] = Array.isArray(answer)
    ? answer
    : [answer.message, answer.code, answer.reason]
  if (rest !== '') station.log(rest)
  tell({ type: 'result', code, reason, message: String(message ?? '') }, () => process.exit(0))
} catch (error) {
  fail(error)
}
`
