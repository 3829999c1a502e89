import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { concat, fromHex } from '@keyline/bytes'
import {
  claimsToCbor,
  CborTag,
  decodeToken,
  encodeCbor,
  encodeEnvelope,
  protectedHeaderOf,
  coseAlgorithms,
  type CborValue,
} from '@keyline/eat'
import { fleetNonce, fleetToken, makeFleet } from './verifier-fleet.ts'

/** Evidence that is made to cost. */
export interface HostileInput {
  readonly name: string
  readonly octets: Uint8Array
}

/** The longest message that a verifier takes. */
const most = 65_536
/** Room for the envelope around a payload. */
const room = most - 100

/** Every invalid token of the vectors, and families that fill the limit. */
export function hostileInputs(vectors: string): readonly HostileInput[] {
  return [...invalidTokens(vectors), ...families()]
}

function invalidTokens(folder: string): readonly HostileInput[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json') && name !== 'index.json')
    .map((name) => {
      const { input } = JSON.parse(readFileSync(join(folder, name), 'utf8'))
      return { name: name.replace('.json', ''), octets: fromHex(String(input.cose_hex)) }
    })
}

function families(): readonly HostileInput[] {
  const [device] = makeFleet(1)
  if (device === undefined) throw new TypeError('a fleet of one has a device')
  const { claims } = decodeToken(fleetToken(device, fleetNonce(0)).octets)
  const [component] = claims.softwareComponents
  if (component === undefined) throw new TypeError('a token of the fleet has components')
  const map = claimsToCbor(claims)
  const numbers = Array.from({ length: 16_000 }, (_, index) => index + 20_000)
  const octetKeys = numbers.map((number) => Uint8Array.of(1, number >> 8, number & 0xff))
  const many = { ...claims, softwareComponents: Array.from({ length: 700 }, () => component) }
  const long = { ...claims, verificationServiceIndicator: 'ä'.repeat(32_000) }
  const payloads: Readonly<Record<string, Uint8Array>> = {
    'arrays in each other': filled([0x81]),
    'maps in each other': filled([0xa1, 0x01]),
    'tags in each other': filled([0xc6]),
    'indefinite arrays': filled([0x9f]),
    'an array of 2^64 - 1': Uint8Array.of(0x9b, ...Array.from({ length: 8 }, () => 0xff)),
    'octets of 2^63': Uint8Array.of(0x5b, 0x80, 0, 0, 0, 0, 0, 0, 0),
    'empty maps': counted(0x99, [0xa0]),
    'empty arrays': counted(0x99, [0x80]),
    'empty octets': counted(0x99, [0x40]),
    'small numbers': counted(0x99, [0x00]),
    'half floats': counted(0x99, [0xf9, 0x3c, 0x00]),
    'many claims': encodeCbor(pairs(numbers)),
    'many claims under octets': encodeCbor(pairs(octetKeys.slice(0, 12_000))),
    'many claims beside those of a token': encodeCbor(
      new Map<CborValue, CborValue>([...map, ...numbers.map((key) => [key, 0] as const)]),
    ),
    'a claim twice, last of many': concat(
      Uint8Array.of(0xb9, 0x3e, 0x81),
      encodeCbor(pairs(numbers)).subarray(3),
      Uint8Array.of(0x19, 0x4e, 0x20, 0x00),
    ),
    'many software components': encodeCbor(claimsToCbor(many)),
    'many components that are none': encodeCbor(
      new Map<CborValue, CborValue>([...map, [2399, numbers.map(() => new Map())]]),
    ),
    'a long text': encodeCbor(claimsToCbor(long)),
    'a long text, bad at its end': concat(
      encodeCbor('a'.repeat(65_000)).subarray(0, -1),
      Uint8Array.of(0xff),
    ),
  }
  const payload = encodeCbor(map)
  const small = numbers.slice(0, 12_000)
  const headers: Readonly<Record<string, CborValue>> = {
    'many header parameters': pairs(small),
    'many certificates': new Map([[33, small.map(() => Uint8Array.of(0x30))]]),
    'a long certificate': new Map([[33, new Uint8Array(64_000).fill(0x30)]]),
  }
  return [
    ...Object.entries(payloads).flatMap(([name, octets]) => [
      { name: `message: ${name}`, octets },
      { name: `claims: ${name}`, octets: envelopeOver(octets.subarray(0, room)) },
    ]),
    ...Object.entries(headers).map(([name, header]) => ({
      name: `header: ${name}`,
      octets: rawEnvelope(header, payload),
    })),
    { name: 'message: too long', octets: new Uint8Array(16 * most) },
  ]
}

function pairs(keys: readonly CborValue[]): CborValue {
  return new Map<CborValue, CborValue>(keys.map((key) => [key, 0]))
}

const signature = new Uint8Array(64).fill(1)
const protectedOctets = protectedHeaderOf(coseAlgorithms.ES256)

function envelopeOver(payload: Uint8Array): Uint8Array {
  return encodeEnvelope({ kind: 'sign1', protectedOctets, payload, signature })
}

function rawEnvelope(header: CborValue, payload: Uint8Array): Uint8Array {
  return encodeCbor(new CborTag(18, [protectedOctets, header, payload, signature]))
}

/** The same octets again and again, up to the limit. */
function filled(pattern: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: room }, (_, index) => pattern[index % pattern.length] ?? 0)
}

/** As many items as there is room for, behind a head with their count in two octets. */
function counted(head: number, item: readonly number[]): Uint8Array {
  const count = Math.floor((room - 3) / item.length)
  const items = filled(item).subarray(0, count * item.length)
  return concat(Uint8Array.of(head, count >> 8, count & 0xff), items)
}
