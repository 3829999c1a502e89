import { fromHex, Secret, seededRandom, toHex, VirtualClock } from '@keyline/bytes'
import {
  chipOf,
  FaultyBus,
  faults,
  seededRandomness,
  SimulatedBus,
  spl05Profile,
  type Fault,
  type FaultName,
} from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import { inProcessTransport, type BusResponder } from '../bus/in-process.ts'
import { StsafeError } from '../errors.ts'
import type { BusRequest } from '../layout/byte-stream.ts'
import { decodeCommandFrame } from '../layout/frame.ts'
import { formsOf } from '../layout/form/forms.ts'
import { openStsafe, type Stsafe } from '../stsafe.ts'
import type { KeyInformation } from '../layout/symmetric-key.ts'

const message = fromHex('000102030405060708090a0b0c0d0e0f')
const nonce = fromHex('000102030405060708090a0b0c')
const aad = new Uint8Array(8).fill(0x5a)
const octetsOf = (length: number, fill: number): Secret =>
  new Secret(new Uint8Array(length).fill(fill))
const oldKeys = { type: 'AES-128', macKey: octetsOf(16, 1), cipherKey: octetsOf(16, 2) } as const
const newKeys = { type: 'AES-128', macKey: octetsOf(16, 3), cipherKey: octetsOf(16, 4) } as const
const common = { lock: 'unlocked', slot: 0 } as const
const cmac: KeyInformation = {
  ...common,
  type: 'AES-128',
  mode: 'CMAC',
  usage: ['verifyMac', 'generateMac'],
  minMacLength: 2,
}
const ccm: KeyInformation = {
  ...common,
  type: 'AES-256',
  mode: 'CCM*',
  usage: ['decrypt', 'encrypt'],
  tagLength: 4,
}

/** The flows of sections 8.2 to 8.4; each gives what must come out of it. */
const flows: Readonly<Record<string, (chip: Stsafe) => Promise<string>>> = {
  'host keys': async (chip) => {
    await chip.hostKeys.control()
    await chip.hostKeys.provision(newKeys)
    return String(await chip.hostKeys.prove(newKeys))
  },
  'host keys, wrapped': async (chip) => {
    await chip.hostKeys.provisionWrapped(newKeys, { curve: 'P-256' })
    return String(await chip.hostKeys.prove(newKeys))
  },
  'a wrapped CMAC key': async (chip) => {
    await chip.symmetricKeys.table()
    await chip.symmetricKeys.writeWrapped(cmac, octetsOf(16, 0x5a), { curve: 'P-256' })
    const mac = await chip.macs.compute({ slot: 0, message, length: 4 })
    return `${toHex(mac)} ${await chip.macs.verify({ slot: 0, message, mac })}`
  },
  'a wrapped CCM* key': async (chip) => {
    await chip.symmetricKeys.table()
    await chip.symmetricKeys.writeWrapped(ccm, octetsOf(32, 0x5a), { curve: 'P-256' })
    const sealed = await chip.ciphers.encryptCcm({
      slot: 0,
      nonce,
      aad,
      plaintext: message,
      tagLength: 4,
    })
    const opened = await chip.ciphers.decryptCcm({ slot: 0, aad, ...sealed })
    return `${toHex(sealed.ciphertext)} ${opened === undefined ? 'refused' : toHex(opened)}`
  },
}

const results: Readonly<Record<string, string>> = {
  'host keys': 'true',
  'host keys, wrapped': 'true',
  'a wrapped CMAC key': 'be4ca3f2 true',
  'a wrapped CCM* key': `696630bb080fe41d610489d3da232166 ${toHex(message)}`,
}

/** Counts how often the chip took each frame of a command that must not happen twice. */
class OnceCounter implements BusResponder {
  readonly taken = new Map<string, number>()
  readonly #bus: BusResponder

  constructor(bus: BusResponder) {
    this.#bus = bus
  }

  async answer(request: BusRequest) {
    const answer = await this.#bus.answer(request)
    if (request.kind === 'write' && answer.kind === 'done' && isOnce(request.data)) {
      const frame = toHex(request.data)
      this.taken.set(frame, (this.taken.get(frame) ?? 0) + 1)
    }
    return answer
  }
}

function isOnce(octets: Uint8Array): boolean {
  const frame = decodeCommandFrame(octets)
  if (typeof frame === 'string') return false
  return formsOf(frame.code, frame.body).some(({ effect }) => effect === 'once')
}

/** A part on which host keys were written and the slots opened, with Echo at HOST. */
async function preparedBus(): Promise<SimulatedBus> {
  const bus = new SimulatedBus({
    state: chipOf(spl05Profile),
    randomness: seededRandomness('faults'),
  })
  const chip = await openOn(bus)
  const hostControl = await chip.hostKeys.control()
  const opened = { wrappedAnonymous: true, plaintext: true, reprovision: true, changeRight: false }
  await chip.hostKeys.putControl({ ...hostControl, allowed: opened }, { permanent: true })
  await chip.hostKeys.provision(oldKeys)
  const control = await chip.symmetricKeys.control(0)
  const allowed = { ...control.allowed, wrappedAnonymous: true }
  await chip.symmetricKeys.putControl(0, { ...control, allowed })
  return bus
}

function openOn(bus: BusResponder): Promise<Stsafe> {
  const options = { clock: new VirtualClock(), random: seededRandom('host') }
  return openStsafe(inProcessTransport(bus), options)
}

/** What the chip holds in the place that a flow writes to. */
function held(bus: SimulatedBus): readonly string[] {
  const { hostKeys, symmetricSlots } = bus.chip.memory.state
  const slot = symmetricSlots[0]?.key
  return [
    hostKeys === undefined ? 'none' : toHex(hostKeys.macKey),
    slot === undefined ? 'none' : toHex(slot.key),
  ]
}

const allowedHeld = {
  host: [oldKeys, newKeys].map(({ macKey }) => toHex(macKey.reveal())),
  slot: ['none', '5a'.repeat(16), '5a'.repeat(32)],
}

/** One run with faults. Gives what came of it, and how often the chip took what must happen once. */
async function disturbed(bus: SimulatedBus, flow: string, script: readonly Fault[]) {
  const faulty = new FaultyBus(bus, script)
  const counter = new OnceCounter(faulty)
  let outcome: string
  try {
    const chip = await openOn(counter)
    outcome = (await flows[flow]?.(chip)) ?? 'no flow'
  } catch (error) {
    if (!(error instanceof StsafeError)) throw error
    outcome = error.code
  }
  return { outcome, exchanges: faulty.exchanges, most: Math.max(0, ...counter.taken.values()) }
}

const names = Object.keys(faults) as readonly FaultName[]

describe.each(Object.keys(flows))('provisioning of %s', (flow) => {
  it('comes to the same keys or to a typed error under every fault at every exchange', async () => {
    const { outcome: expected, exchanges } = await disturbed(await preparedBus(), flow, [])
    expect(expected).toBe(results[flow])
    let runs = 0
    for (let position = 0; position < exchanges; position++) {
      for (const name of names) {
        const where = `${name}@${position}`
        const bus = await preparedBus()
        const { outcome, most } = await disturbed(bus, flow, [{ name, position }])
        const allowed = [expected, expect.stringMatching(/^(CHIP|STSAFE)_/)]
        // The proof of the keys tells that the chip which answers now does not hold them.
        if (name === 'swap-identity') allowed.push('false')
        expect(allowed, where).toContainEqual(outcome)
        expect(most, `${where}: taken twice`).toBeLessThanOrEqual(1)
        const [host = '', slot = ''] = held(bus)
        expect(allowedHeld.host, where).toContain(host)
        expect(allowedHeld.slot, where).toContain(slot)
        bus.powerCycle()
        const again = await flows[flow]?.(await openOn(bus))
        expect(again, `${where}: the next run`).toBe(expected)
        runs++
      }
    }
    expect(runs).toBe(exchanges * names.length)
  })
})
