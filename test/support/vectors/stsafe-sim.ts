import { decode, fromHex, toHex } from '@keyline/bytes'
import {
  commandHeader,
  crc16,
  decodeResponseFrame,
  encodeCommandFrame,
  encodeRequest,
  Form,
  keyInformation,
} from '@keyline/stsafe/layout'
import { chipOf, SimulatedBus, spl05Profile } from '@keyline/stsafe-sim'
import type { CaseResult, VectorFile } from './case.ts'
import { chipOfCase, randomnessOfCase, volatileOfCase } from './stsafe-chip.ts'
import { resultId, sidesOf } from './stsafe-sides.ts'
import { compared, VectorReader } from './vector-reader.ts'

/**
 * The chip's side of the recorded exchanges: the exact octets of each response, read as the host has read them.
 * @param after is done with the chip behind each command
 */
export function checkChip(
  file: VectorFile,
  after: (bus: SimulatedBus) => void = () => undefined,
): readonly CaseResult[] {
  return new VectorReader(file.path, file.json)
    .objects('cases')
    .filter((vector) => sidesOf(vector).includes('chip'))
    .map((vector) => checkCase(vector, after))
}

function checkCase(vector: VectorReader, after: (bus: SimulatedBus) => void): CaseResult {
  const id = resultId('chip', vector)
  try {
    if (vector.has('kind')) return checkSample(id, vector)
    const { expected, actual } = exchanged(vector, after)
    return compared(id, expected.join(' '), actual.join(' '))
  } catch (error) {
    // A case that cannot be read is one that fails; the others of its file go on.
    if (!(error instanceof TypeError)) throw error
    return { id, ok: false, expected: 'a case that can be run', actual: error.message }
  }
}

interface Exchanged {
  readonly expected: readonly string[]
  readonly actual: readonly string[]
}

function exchanged(vector: VectorReader, after: (bus: SimulatedBus) => void): Exchanged {
  const bus = new SimulatedBus({
    state: chipOfCase(vector),
    randomness: randomnessOfCase(vector),
  })
  Object.assign(bus.chip.volatile, volatileOfCase(vector))
  const exchanges = vector.objects('exchanges').filter((exchange) => exchange.holds('response'))
  if (exchanges.length === 0) {
    bus.write(vector.object('inputs').octets('frame'))
    const response = vector.object('outputs').text('response')
    return { expected: [response], actual: [readWhole(bus)] }
  }
  const expected: string[] = []
  const actual: string[] = []
  for (const exchange of exchanges) {
    const response = exchange.octets('response')
    bus.write(exchange.octets('request'))
    after(bus)
    for (const length of exchange.numbers('readLengths')) {
      expected.push(toHex(response.subarray(0, length)))
      const read = bus.read(length)
      actual.push(read === 'nack' ? 'nack' : toHex(read))
    }
  }
  return { expected, actual }
}

function readWhole(bus: SimulatedBus): string {
  const start = bus.read(5)
  if (start === 'nack') return 'nack'
  const length = 3 + ((start[1] ?? 0) << 8) + (start[2] ?? 0)
  const whole = bus.read(length)
  return whole === 'nack' ? 'nack' : toHex(whole)
}

/** Values that ST has printed or that were captured: the chip gives them from the same key. */
function checkSample(id: string, sample: VectorReader): CaseResult {
  switch (sample.text('kind')) {
    case 'CRC-16': {
      const crc = crc16(sample.octets('bytes')).toString(16).padStart(4, '0')
      return compared(id, sample.text('crc'), crc)
    }
    case 'AES-128-CMAC': {
      const mac = sample.octets('mac')
      const request = { slot: 0, macLength: mac.length, message: sample.octets('message') }
      const payload = encodeRequest(Form.generateMac, request)
      const bus = busWithKey('00000001000301', sample.octets('key'))
      return compared(id, toHex(mac), payloadOf(bus, Form.generateMac.command.code, payload))
    }
    case 'AES-256-CCM': {
      const [nonce, aad] = [sample.octets('nonce'), sample.octets('aad')]
      const request = { slot: 0, nonce, aad, message: sample.octets('plaintext') }
      const payload = encodeRequest(Form.encryptCcm, request)
      const bus = busWithKey('00000100000c0400', sample.octets('key'))
      const expected = `${sample.text('ciphertext')}${sample.text('tag')}00`
      return compared(id, expected, payloadOf(bus, Form.encryptCcm.command.code, payload))
    }
    case 'ECDSA-P256-raw-digest': {
      const request = {
        curve: 'P-256' as const,
        publicKey: sample.octets('publicKey'),
        signature: sample.octets('signature'),
        message: sample.octets('digest'),
      }
      const payload = encodeRequest(Form.verifySignature, request)
      const bus = new SimulatedBus({ state: chipOf(spl05Profile) })
      return compared(id, '01', payloadOf(bus, Form.verifySignature.command.code, payload))
    }
    default:
      throw new TypeError(`${id} has a kind that is not known`)
  }
}

function busWithKey(record: string, key: Uint8Array): SimulatedBus {
  const start = chipOf(spl05Profile)
  const information = decode(keyInformation, fromHex(record), 'key information')
  const symmetricSlots = start.symmetricSlots.map((slot, index) =>
    index === 0 ? { ...slot, key: { information, key, counter: 0 } } : slot,
  )
  return new SimulatedBus({ state: { ...start, symmetricSlots } })
}

function payloadOf(bus: SimulatedBus, code: number, payload: Uint8Array): string {
  bus.write(encodeCommandFrame(commandHeader(code), payload))
  const frame = decodeResponseFrame(fromHex(readWhole(bus)))
  if (typeof frame === 'string') return frame
  return frame.status === 0 ? toHex(frame.payload) : `status ${frame.status}`
}
