import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  concat,
  decode,
  encode,
  equalOctets,
  fromHex,
  isKeylineError,
  VirtualClock,
} from '@keyline/bytes'
import { explainTrace, inProcessTransport, parseBusTrace, Stsafe } from '@keyline/stsafe'
import {
  decodeCommandFrame,
  decodeResponseFrame,
  deviceTypes,
  encodeBusAnswer,
  encodeBusRequest,
  encodeCommandFrame,
  encodeResponseFrame,
  formsOf,
  takeBusAnswer,
  takeBusRequest,
} from '@keyline/stsafe/layout'
import { expectLaw, textTarget, type FuzzDecoder } from './target.ts'

const groups = ['aes', 'derive-keys', 'ecc', 'query', 'symmetric-key-provisioning']
const vectors = join(import.meta.dirname, '../../vectors/stsafe-a120')

/** Octets of one member of all exchanges of some groups. */
function recorded(member: 'request' | 'response'): readonly Uint8Array[] {
  return groups.flatMap((group) => {
    const text = readFileSync(join(vectors, `${group}.json`), 'utf8')
    const found = text.matchAll(new RegExp(`"${member}":\\s*"([0-9a-f]+)"`, 'g'))
    return Array.from(found, ([, hex = '']) => fromHex(hex))
  })
}

/** Without CRC: a mutation would hardly ever hit it. */
function commands(): readonly Uint8Array[] {
  return recorded('request').map((frame) => frame.subarray(0, -2))
}

/** Status and payload. */
function answers(): readonly Uint8Array[] {
  return recorded('response').map((frame) => concat(frame.subarray(0, 1), frame.subarray(3, -2)))
}

export const stsafeDecoders: readonly FuzzDecoder[] = [
  {
    name: 'STSAFE commands',
    targets: [
      { name: 'stsafe-request', seeds: commands, run: readRequest },
      { name: 'stsafe-response', seeds: () => recorded('response'), run: readResponse },
    ],
  },
  {
    name: 'STSAFE bus',
    targets: [
      { name: 'stsafe-byte-stream', seeds: streamSeeds, run: readStream },
      textTarget('stsafe-trace', traceSeeds, (text) => explainTrace(parseBusTrace(text))),
      { name: 'stsafe-answer', seeds: answers, run: answerHost },
    ],
  },
]

/** What any form reads of a command without CRC, it writes so that the same is read again. */
function readRequest(octets: Uint8Array): void {
  const frame = decodeCommandFrame(encodeCommandFrame(octets))
  if (typeof frame === 'string') return
  for (const { request, selector } of formsOf(frame.code, frame.body)) {
    const value = unlessRefused(() => decode(request, frame.body.subarray(selector.length), 'read'))
    if (value === undefined) continue
    const written = encode(request, value, 'request')
    const again = encode(request, decode(request, written, 'request'), 'request')
    expectLaw(equalOctets(written, again), 'a request is written in one way')
  }
}

function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}

function readResponse(octets: Uint8Array): void {
  const frame = decodeResponseFrame(octets)
  if (typeof frame === 'string') return
  const written = encodeResponseFrame(frame.header, frame.payload)
  expectLaw(equalOctets(written, octets), 'a response frame encodes back')
}

function readStream(octets: Uint8Array): void {
  const request = takeBusRequest(octets)
  if (typeof request === 'object') {
    const written = encodeBusRequest(request.message)
    expectLaw(equalOctets(written, octets.subarray(0, request.length)), 'a request encodes back')
  }
  const answer = takeBusAnswer(octets)
  if (typeof answer === 'object') {
    const written = encodeBusAnswer(answer.message)
    expectLaw(equalOctets(written, octets.subarray(0, answer.length)), 'an answer encodes back')
  }
}

/** The octets are status and payload of what a chip answers to every command. */
async function answerHost(octets: Uint8Array): Promise<void> {
  const frame = encodeResponseFrame(octets[0] ?? 0, octets.subarray(1))
  const bus = inProcessTransport({
    answer: (request) => {
      if (request.kind !== 'read') return { kind: 'done', data: new Uint8Array() }
      const data = new Uint8Array(request.length).fill(0xff)
      data.set(frame.subarray(0, request.length))
      return { kind: 'done', data }
    },
  })
  const part = { deviceType: deviceTypes.A120, records: [] }
  const chip = new Stsafe(bus, part, { clock: new VirtualClock() })
  const answers = await Promise.allSettled([
    chip.ecc.table(),
    chip.symmetricKeys.table(),
    chip.zones.table(),
    chip.publicKeys.slot(0),
    chip.device.commandAuthorization(),
    chip.device.productData(),
  ])
  for (const answer of answers) {
    if (answer.status === 'rejected' && !isKeylineError(answer.reason)) throw answer.reason
  }
}

function streamSeeds(): readonly Uint8Array[] {
  const data = fromHex('1411fcbe')
  return [
    encodeBusRequest({ kind: 'write', data }),
    encodeBusRequest({ kind: 'read', length: 5 }),
    encodeBusRequest({ kind: 'reset' }),
    encodeBusAnswer({ kind: 'done', data }),
    encodeBusAnswer({ kind: 'nack' }),
  ]
}

function traceSeeds(): readonly string[] {
  return [
    'W 20 1411fcbe\nR 20 000002f078\n',
    'name,type,start_time,duration,ack,address,read,data\nI2C,address,0,0,true,0x20,false,\nI2C,data,0,0,true,,,0x01\n',
    'i2c-1: Address write: 20\ni2c-1: Data write: 01\n',
  ]
}
