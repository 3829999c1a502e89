import { setFlagsFromString } from 'node:v8'
import { Secret, VirtualClock } from '@keyline/bytes'
import { Cmac, decryptCbc, encryptCbc, encryptEcb, sha256 } from '@keyline/crypto'
import { inProcessTransport, Stsafe, type BusResponder } from '@keyline/stsafe'
import { commandTable, deviceTypes, type AuthorizationRecord } from '@keyline/stsafe/layout'
import { chipOf, SimulatedBus, spl05Profile } from '@keyline/stsafe-sim'
import { rateFigure, type Benchmark, type Figure } from './framework.ts'
import { RecordedBus, ReplayedBus } from './recorded-bus.ts'
import { flowFigures } from './stsafe-flows.ts'

const macKey = new Uint8Array(16).fill(0x11)
const cipherKey = new Uint8Array(16).fill(0x22)
const hostKeys = { macKey: new Secret(macKey.slice()), cipherKey: new Secret(cipherKey.slice()) }

const short = new Uint8Array(16).fill(0x5a)
const long = new Uint8Array(500).fill(0x5a)

/** Recorded protected echoes: enough that opening the session for the next round of them is lost in their number. */
const recordedEchoes = 1_000

const protectedEcho: AuthorizationRecord = {
  code: commandTable.echo.code,
  access: 'host',
  encryption: { command: true, response: true },
}

/** Host and simulator against hashing and against the cryptography of the host channel, without waits. */
export const stsafeBenchmark: Benchmark = {
  name: 'stsafe',
  title: 'host and simulator of the STSAFE-A120, on a virtual clock',
  async *measure() {
    // One core: collectors on threads of their own would wait for each other there.
    setFlagsFromString('--no-parallel-scavenge')
    yield* echoFigures()
    yield* protectedEchoFigures()
    yield* flowFigures()
  },
}

/** At least 0.025 of the rate of SHA-256 over the same 16 octets. */
const atMostFortyTimes = { of: 'ratio', is: 'at most', limit: 40 } as const

async function* echoFigures(): AsyncIterable<Figure> {
  const bare = (): unknown => sha256(short)
  const simulated = new RecordedBus(new SimulatedBus({ state: chipOf(spl05Profile) }))
  await hostOn(simulated, []).device.echo(short)
  const alone = hostOn(new ReplayedBus(simulated.answers), [])
  yield rateFigure({
    figure: 'echo of 16, host alone / SHA-256',
    work: () => alone.device.echo(short),
    bare,
    goal: atMostFortyTimes,
    time: 'cpu',
  })
  const chip = hostOn(new SimulatedBus({ state: chipOf(spl05Profile) }), [])
  yield rateFigure({
    figure: 'echo of 16, host and simulator / SHA-256',
    work: () => chip.device.echo(short),
    bare,
    goal: atMostFortyTimes,
    time: 'cpu',
  })
}

const atMostThrice = { of: 'ratio', is: 'at most', limit: 3 } as const

async function* protectedEchoFigures(): AsyncIterable<Figure> {
  const recorded = new RecordedBus(simulatedWithHostKeys())
  const recorder = hostOn(recorded, [protectedEcho])
  await recorder.openSession(hostKeys)
  for (let count = 0; count < recordedEchoes; count++) await recorder.device.echo(long)
  const replayed = new ReplayedBus(recorded.answers)
  const alone = hostOn(replayed, [protectedEcho])
  const host = oneEndOfEcho()
  yield rateFigure({
    figure: 'protected echo of 500, host alone / cryptography',
    work: async () => {
      if (replayed.isAtStart) await alone.openSession(hostKeys)
      return alone.device.echo(long)
    },
    bare: host,
    goal: atMostThrice,
    time: 'cpu',
  })
  const chip = hostOn(simulatedWithHostKeys(), [protectedEcho])
  await chip.openSession(hostKeys)
  const simulator = oneEndOfEcho()
  yield rateFigure({
    figure: 'protected echo of 500, both ends / cryptography',
    work: () => chip.device.echo(long),
    bare: () => [host(), simulator()],
    goal: atMostThrice,
    time: 'cpu',
  })
}

/**
 * The calls of one end for one echo with C-MAC, R-MAC and both payloads encrypted: two MACs, two IVs, one encryption
 * and one decryption. The other end makes the same calls with the last two exchanged.
 */
function oneEndOfEcho(): () => unknown {
  const mac = new Cmac(macKey)
  const block = new Uint8Array(16)
  const padded = new Uint8Array(512).fill(0x5a)
  const commandInput = new Uint8Array(16 + 1 + 1 + 2 + padded.length)
  const responseInput = new Uint8Array(commandInput.length + 1 + 2 + padded.length)
  return () => {
    const iv = encryptEcb({ key: cipherKey, octets: block })
    const octets = encryptCbc({ key: cipherKey, iv, octets: padded })
    const commandMac = mac.compute(commandInput)
    const responseMac = mac.compute(responseInput)
    const answerIv = encryptEcb({ key: cipherKey, octets: block })
    return [commandMac, responseMac, decryptCbc({ key: cipherKey, iv: answerIv, octets })]
  }
}

function simulatedWithHostKeys(): SimulatedBus {
  const state = chipOf(spl05Profile)
  const authorization = state.authorization.map((record) =>
    record.code === protectedEcho.code ? protectedEcho : record,
  )
  const keys = { type: 'AES-128', macKey, cipherKey } as const
  return new SimulatedBus({ state: { ...state, authorization, hostKeys: keys } })
}

function hostOn(bus: BusResponder, records: readonly AuthorizationRecord[]): Stsafe {
  const part = { deviceType: deviceTypes.A120, records }
  return new Stsafe(inProcessTransport(bus), part, { clock: new VirtualClock() })
}
