import { readFile } from 'node:fs/promises'
import { VirtualClock } from '@keyline/bytes'
import { inProcessTransport, Stsafe } from '@keyline/stsafe'
import { SimulatedBus } from '@keyline/stsafe-sim'
import {
  authorizationOf,
  deviceTypeOf,
  stsafeCase,
  type Exchange,
} from '../test/support/vectors/stsafe-case.ts'
import { chipOfCase, randomnessOfCase } from '../test/support/vectors/stsafe-chip.ts'
import type { Call } from '../test/support/vectors/stsafe-inputs.ts'
import { provisioningCalls } from '../test/support/vectors/stsafe-key-calls.ts'
import { runScenario } from '../test/support/vectors/stsafe-scenario.ts'
import { VectorReader } from '../test/support/vectors/vector-reader.ts'
import type { Figure } from './framework.ts'
import { RecordedBus, type Traffic } from './recorded-bus.ts'

interface Flow {
  readonly title: string
  /** Case of the recorded exchanges, and the file that it stands in. */
  readonly file: string
  readonly name: string
  readonly run: (call: Call) => Promise<unknown>
}

function scenario(title: string, name: string): Flow {
  return { title, file: 'scenarios.json', name, run: runScenario }
}

async function authenticate(call: Call): Promise<unknown> {
  return provisioningCalls['stse_device_authenticate']?.(call)
}

/** The example applications; those of the wrapped keys in the order of ST's program and in that of its page. */
const flows: readonly Flow[] = [
  scenario('host keys', 'host-key-provisioning'),
  scenario('wrapped CMAC', 'wrapped-cmac128-all-free'),
  scenario('wrapped CMAC, session first', 'documented-order-cmac128-all-free'),
  scenario('wrapped CCM*', 'wrapped-ccm256-all-free'),
  scenario('wrapped CCM*, session first', 'documented-order-ccm256-all-free'),
  {
    title: 'device authentication',
    file: 'authentication.json',
    name: 'device-authenticate-p-256',
    run: authenticate,
  },
]

const folder = new URL('../test/vectors/stsafe-a120/', import.meta.url)
const exactly = { of: 'ratio', is: 'exactly', limit: 1 } as const

/** What each example puts on the bus of a simulator, against what STSELib was recorded to put there. */
export async function* flowFigures(): AsyncIterable<Figure> {
  for (const { title, file, name, run } of flows) {
    const json = await readCase(file, name)
    const vector = stsafeCase(json)
    const simulator = { state: chipOfCase(json), randomness: randomnessOfCase(json) }
    const bus = new RecordedBus(new SimulatedBus(simulator))
    const part = { deviceType: deviceTypeOf(vector), records: authorizationOf(vector) }
    const chip = new Stsafe(inProcessTransport(bus), part, { clock: new VirtualClock() })
    await run({ chip, inputs: vector.inputs, vector })
    const recorded = recordedTraffic(vector.exchanges)
    yield trafficFigure(title, 'octets', bus.traffic, recorded)
    yield trafficFigure(title, 'transfers', bus.traffic, recorded)
  }
}

function trafficFigure(
  title: string,
  unit: keyof Traffic,
  { [unit]: value }: Traffic,
  { [unit]: ceiling }: Traffic,
): Figure {
  const figure = `${title} / STSELib`
  return { figure, value, unit, ceiling, ratio: value / ceiling, goal: exactly }
}

/** One write for each request, and the reads that STSELib made of its response. */
function recordedTraffic(exchanges: readonly Exchange[]): Traffic {
  const reads = exchanges.flatMap(({ readLengths }) => readLengths)
  const written = exchanges.map(({ request }) => request.length)
  const octets = [...written, ...reads].reduce((sum, length) => sum + length, 0)
  return { transfers: written.length + reads.length, octets }
}

async function readCase(file: string, name: string): Promise<VectorReader> {
  const json: unknown = JSON.parse(await readFile(new URL(file, folder), 'utf8'))
  const found = new VectorReader(file, json)
    .objects('cases')
    .find((one) => one.text('name') === name)
  if (found === undefined) throw new Error(`${file} has no case ${name}`)
  return found
}
