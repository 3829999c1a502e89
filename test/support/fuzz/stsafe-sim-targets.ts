import { readdirSync, readFileSync } from 'node:fs'
import { concat, fromHex } from '@keyline/bytes'
import { aesCmac, encryptCbc, encryptEcb } from '@keyline/crypto'
import {
  authenticatedFlags,
  BlockSubject,
  commandMacInput,
  counterBlock,
  crc16,
  decodeResponseFrame,
  encodeCommandFrame,
  pad,
  Status,
  takeBusRequest,
} from '@keyline/stsafe/layout'
import {
  chipOf,
  parseFault,
  parseProfile,
  seededRandomness,
  SimulatedBus,
  spl05Profile,
  stateFromJson,
  stateToJson,
  type ChipState,
} from '@keyline/stsafe-sim'
import { VectorReader } from '../vectors/vector-reader.ts'
import { chipOfCase } from '../vectors/stsafe-chip.ts'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'

const folder = new URL('../../vectors/stsafe-a120/', import.meta.url)
const longestResponse = 752 + 4

/** A chip in software: whatever it is sent, it answers with one frame and goes on. */
export const stsafeSimDecoders: readonly FuzzDecoder[] = [
  {
    name: 'simulated chip',
    targets: [
      { name: 'chip-commands', seeds: commandSequences, run: runCommands },
      {
        name: 'chip-frame',
        seeds: () => commandSequences().map((sequence) => sequence.subarray(2)),
        run(octets) {
          const bus = new SimulatedBus({ state: fullState(), randomness: seededRandomness('fuzz') })
          bus.write(octets)
          expectAnswer(bus, octets)
        },
      },
      { name: 'chip-protected', seeds: commandSequences, run: runProtected },
      { name: 'chip-bus-request', seeds: () => [fromHex('01000100')], run: takeBusRequest },
      textTarget(
        'chip-state',
        () => [stateToJson(fullState())],
        (text) => expectLaw(stateToJson(stateFromJson(text)) === text, 'a state reads back'),
      ),
      textTarget('chip-profile', () => [JSON.stringify(spl05Profile)], parseProfile),
      textTarget('chip-fault', () => ['flip-command:12@3', 'lose-response@1'], parseFault),
    ],
  },
]

/** Commands one behind the other, each with its length before it and without CRC. */
function runCommands(octets: Uint8Array): void {
  const bus = new SimulatedBus({ state: fullState(), randomness: seededRandomness('fuzz') })
  let offset = 0
  for (let count = 0; count < 12 && offset + 2 < octets.length; count++) {
    const length = ((octets[offset] ?? 0) << 8) | (octets[offset + 1] ?? 0)
    const command = octets.subarray(offset + 2, offset + 2 + Math.min(length, 800))
    offset += 2 + length
    const crc = crc16(command)
    const frame = concat(command, Uint8Array.of(crc >>> 8, crc & 0xff))
    bus.write(frame)
    expectAnswer(bus, frame)
  }
  // A snapshot costs as much as a hundred commands.
  if (octets.length % 64 !== 0) return
  const snapshot = bus.snapshot()
  bus.restore(snapshot)
  expectLaw(bus.snapshot() === snapshot, 'a snapshot reads back')
}

/** The same under the host keys, which are demanded, and encrypted both ways; each command counts. */
function runProtected(octets: Uint8Array): void {
  const state = { ...fullState(), hostKeys, hostCounter: 0, authorization: protectedTable() }
  const bus = new SimulatedBus({ state, randomness: seededRandomness('fuzz') })
  let offset = 0
  let counter = 0
  while (counter < 12 && offset + 2 < octets.length) {
    const length = ((octets[offset] ?? 0) << 8) | (octets[offset + 1] ?? 0)
    const command = octets.subarray(offset + 2, offset + 2 + Math.min(length, 700))
    offset += 2 + length
    const isExtended = ((command[0] ?? 0) & 0x1f) === 0x1f
    const header = Uint8Array.from(command.subarray(0, isExtended ? 2 : 1))
    if (header.length === 0 || (isExtended && header.length === 1)) return
    header[0] = (header[0] ?? 0) | authenticatedFlags
    const iv = encryptEcb({ key: hostKeys.cipherKey, octets: block(counter + 1, 'commandIv') })
    const plain = pad(command.subarray(header.length))
    const payload = encryptCbc({ key: hostKeys.cipherKey, iv, octets: plain })
    const input = commandMacInput({ value: counter, width: 4 }, { header, payload })
    const mac = aesCmac(hostKeys.macKey, input).subarray(0, 4)
    const frame = encodeCommandFrame(header, payload, mac)
    const before = bus.chip.memory.state.hostKeys
    bus.write(frame)
    expectAnswer(bus, frame)
    // New host keys end what this host can say.
    if (bus.chip.memory.state.hostKeys !== before) return
    counter++
    expectLaw(bus.chip.memory.state.hostCounter === counter, 'every command with its MAC counts')
  }
}

const hostKeys: NonNullable<ChipState['hostKeys']> = {
  type: 'AES-128',
  macKey: new Uint8Array(16).fill(1),
  cipherKey: new Uint8Array(16).fill(2),
}

function protectedTable(): ChipState['authorization'] {
  const encryption = { command: true, response: true }
  return fullState().authorization.map(({ code }) => ({ code, access: 'host', encryption }))
}

function block(value: number, subject: keyof typeof BlockSubject): Uint8Array {
  return counterBlock({ value, width: 4 }, BlockSubject[subject])
}

function expectAnswer(bus: SimulatedBus, frame: Uint8Array): void {
  const start = bus.read(5)
  if (frame.length === 0) return
  expectLaw(start !== 'nack', 'every frame has an answer')
  const length = start === 'nack' ? 0 : 3 + (((start[1] ?? 0) << 8) | (start[2] ?? 0))
  expectLaw(length <= longestResponse, 'no answer is longer than a frame')
  const whole = bus.read(length)
  const response = whole === 'nack' ? 'short' : decodeResponseFrame(whole)
  expectLaw(typeof response !== 'string', 'every answer is a frame')
  const isInternal = typeof response !== 'string' && response.status === Status.unexpectedError
  expectLaw(!isInternal, 'nothing that a host sends is an internal error')
}

let full: ChipState | undefined

/** All that the cases of the vectors put into a chip, the later over the earlier. */
function fullState(): ChipState {
  if (full !== undefined) return full
  let state = chipOf(spl05Profile)
  for (const vector of cases()) state = merged(state, chipOfCase(vector))
  full = state
  return full
}

function merged(state: ChipState, next: ChipState): ChipState {
  return {
    ...state,
    hostKeys: next.hostKeys ?? state.hostKeys,
    hostCounter: next.hostKeys === undefined ? state.hostCounter : next.hostCounter,
    hostControl: next.hostControl,
    symmetricSlots: state.symmetricSlots.map(({ control, key }, index) => ({
      control: { ...control, allowed: { ...control.allowed, derived: true } },
      key: next.symmetricSlots[index]?.key ?? key,
    })),
    privateKeys: state.privateKeys.map((slot, index) => ({
      ...slot,
      key: next.privateKeys[index]?.key ?? slot.key,
    })),
    publicKeys: state.publicKeys.map((slot, index) => {
      const other = next.publicKeys[index]
      return other?.key === undefined ? slot : other
    }),
    envelopeKeys: state.envelopeKeys.map((key, slot) => next.envelopeKeys[slot] ?? key),
  }
}

function commandSequences(): readonly Uint8Array[] {
  return cases().flatMap((vector) => {
    const commands = vector.objects('exchanges').map((one) => one.octets('request').subarray(0, -2))
    const parts = commands.flatMap((command) => [
      Uint8Array.of(command.length >>> 8, command.length & 0xff),
      command,
    ])
    return commands.length === 0 || commands.length > 12 ? [] : [concat(...parts)]
  })
}

let read: readonly VectorReader[] | undefined

function cases(): readonly VectorReader[] {
  read ??= readdirSync(folder)
    .filter((name) => name.endsWith('.json') && !/^(?:index|profile|published)/.test(name))
    .flatMap((name) => {
      const json: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
      return new VectorReader(name, json).objects('cases')
    })
  return read
}
