import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as boardFace from '@keyline/board'
import {
  buildFirmwareImage,
  callBench,
  implementationIdOf,
  measureImage,
  openBenchServer,
  stm32u385,
  type BenchServer,
} from '@keyline/board'
import { seededRandom, systemClock, toHex } from '@keyline/bytes'
import { curvePublicKey, hkdfSha256 } from '@keyline/crypto'
import { encodePsaCorim, instanceIdOf } from '@keyline/eat'
import { decodeAttestationIdentity } from '@keyline/matter/pxp'
import { importCorim } from '@keyline/verifier'
import { ScriptedHost } from '../../../packages/board/src/testing/scripted-host.ts'
import { HandClock } from '../../../packages/server/src/testing/hand-clock.ts'
import { MemoryRecord } from '../../../packages/server/src/verifier/testing/memory-record.ts'
import {
  callPort,
  openSession,
  startVerifierService,
  submit,
  type Reply,
} from '../../support/verifier-service.ts'
import { filesBelow, printed, textPlace } from './places.ts'
import { reachableFrom } from './object-graph.ts'
import type { Place } from './search.ts'
import { openTcpPort, relaySerial } from './serial-relay.ts'
import { Tap } from './tap.ts'

const seed = 'device key under observation'
const none = new Uint8Array(0)

/** What the foundry derives for the first board of the bench, computed here as the specification says. */
const rootSecret = seededRandom(`${seed}/board/1/chip/root secret`).bytes(32)
const derived = (salt: string, info: Uint8Array): Uint8Array =>
  hkdfSha256({ secret: rootSecret, salt: Buffer.from(salt), info, length: 32 })

export const chipSecrets = {
  'root secret': rootSecret,
  'DUA scalar FU': derived('sim-dua/1', Buffer.from('FU/0')),
  'DUA scalar LU': derived('sim-dua/1', Buffer.from('LU/0')),
  'DHUK, level 1': derived('sim-dhuk/1', Uint8Array.of(1, 0, 1)),
} as const

const application = buildFirmwareImage({
  kind: 'attestation',
  name: 'observed',
  version: '1.0.0',
  size: 9000,
})
const service = buildFirmwareImage({
  kind: 'inert',
  name: 'RSSe_KW_U375_U385',
  version: '1.0.0',
  size: 2048,
})
const containerAddress = stm32u385.deviceKey?.containerAddress ?? 0

export interface Observation {
  /** What passed or lies in each channel. */
  readonly channels: Readonly<Record<Channel, readonly Place[]>>
  /** Public key that the board told, `04 ‖ X ‖ Y`. */
  readonly publicKey: Uint8Array
  /** What the verifier said of the token of the board. */
  readonly verified: Reply
}

export type Channel =
  | 'objects'
  | 'files'
  | 'output'
  | 'serial line'
  | 'TCP'
  | 'bench socket'
  | 'HTTP'

/**
 * The whole way of a board with a device key, with an ear at every channel: the programmer through the socket of a
 * bench, the serial line as a tty behind TCP, a verifier over HTTP.
 * @param leak is carried through every channel on purpose
 */
export async function observeBoard(folder: string, leak?: Uint8Array): Promise<Observation> {
  const boards = join(folder, 'boards')
  const reached = join(folder, 'reached')
  for (const path of [boards, reached]) mkdirSync(path)
  const files = { 'rsse.bin': service, 'app.bin': application, 'leak.bin': leak ?? none }
  for (const [name, octets] of Object.entries(files)) writeFileSync(join(folder, name), octets)
  const options = {
    folder: boards,
    part: stm32u385,
    slots: 1,
    timing: 'none',
    ttys: false,
  } as const
  const server = await openBenchServer({ ...options, clock: systemClock, seed })
  let output = ''
  try {
    await using socket = await Tap.start(
      'socket',
      { path: join(reached, 'bench.sock') },
      { path: join(boards, 'bench.sock') },
    )
    const write = (text: string): void => {
      output += text
    }
    const call = async (words: string): Promise<void> => {
      const argv = `-c port=SWD sn=SIM000000001 mode=UR ${words}`.split(' ')
      const request = { tool: 'programmer', argv, cwd: folder } as const
      const answer = { write, ask: () => Promise.resolve('0') }
      const exitCode = await callBench(reached, request, answer)
      if (exitCode !== 0) throw new Error(output)
    }
    await programBoard(call, leak)
    const line = await observeLine(server, leak)
    const board = server.bench.board(1)
    const roots = {
      faces: { ...boardFace },
      bench: server.bench,
      board,
      part: board.part,
      reply: line.verified,
      ...(leak === undefined ? {} : { leak: new Map([['deep', { scalar: leak.slice() }]]) }),
    }
    return {
      publicKey: line.publicKey,
      verified: line.verified,
      channels: {
        ...line.channels,
        objects: [...reachableFrom(roots), printed('bench', server.bench)],
        files: filesBelow(boards),
        output: [textPlace('output', output)],
        'bench socket': socket.places(),
      },
    }
  } finally {
    await server.close()
  }
}

/** Export at the level that the board will have, application and container, protection. */
async function programBoard(
  call: (words: string) => Promise<void>,
  leak: Uint8Array | undefined,
): Promise<void> {
  const exported = 'rsse.bin key.bin KeyType=eccchipfu ExportPublicKey=Yes'
  const address = `0x${containerAddress.toString(16)}`
  await call('-ob RDP=0xBB')
  await call(`-rssekw ${exported}`)
  await call('-u 0x0BF9FC00 0x200 pack2.bin')
  await call('-ob RDP=0xAA')
  await call('-rst')
  await call('-d app.bin 0x08000000 -v')
  await call(`-d key.bin ${address} -v`)
  if (leak !== undefined) {
    await call(`-d leak.bin 0x08080000 -v -r32 0x08080000 32`)
    await call(`-u 0x08080000 32 ${toHex(leak)}.bin`)
  }
  await call('-ob RDP=0xBB')
  await call('-rst')
}

async function observeLine(
  { bench }: BenchServer,
  leak: Uint8Array | undefined,
): Promise<{
  readonly publicKey: Uint8Array
  readonly verified: Reply
  readonly channels: Readonly<Record<'serial line' | 'TCP' | 'HTTP', readonly Place[]>>
}> {
  await using serial = await relaySerial(await bench.open('sim:1'))
  const local = { host: '127.0.0.1', port: 0 }
  await using tcp = await Tap.start('TCP', local, { host: '127.0.0.1', port: serial.port })
  const host = new ScriptedHost(await openTcpPort(tcp.port), systemClock)
  const ask = async (request: 'IAKREQ' | 'TOKREQ', payload: Uint8Array): Promise<Uint8Array> => {
    await host.send(request, payload)
    return (await host.hear(request === 'IAKREQ' ? 'IAKRSP' : 'TOKEN')) ?? none
  }
  const { publicKey } = decodeAttestationIdentity(await ask('IAKREQ', none))

  const record = new MemoryRecord()
  const time = Math.trunc(new HandClock().now() / 1000)
  await importCorim(corimOf(publicKey), record.tenant('0').trust, { time })
  await using verifier = await startVerifierService({ record })
  const target = { host: '127.0.0.1', port: verifier.verifier.port }
  await using http = await Tap.start('HTTP', local, target)
  const asked = { call: (request: Parameters<typeof callPort>[1]) => callPort(http.port, request) }
  const { path, nonce } = await openSession(asked)
  const verified = await submit(asked, path, await ask('TOKREQ', nonce))
  if (leak !== undefined) {
    const session = await openSession(asked, `?nonce=${Buffer.from(leak).toString('base64url')}`)
    await submit(asked, session.path, await ask('TOKREQ', leak))
  }
  const { log } = verifier
  await host.close()
  return {
    publicKey,
    verified,
    channels: {
      'serial line': serial.places(),
      TCP: tcp.places(),
      HTTP: [...http.places(), textPlace('log of the verifier', log.lines.join('\n'))],
    },
  }
}

/** Trust anchor and reference value of the board. */
function corimOf(publicKey: Uint8Array): Uint8Array {
  const key = curvePublicKey('P-256', publicKey.subarray(1))
  const implementationId = implementationIdOf(stm32u385)
  const { measurementType, measurementValue, version, signerId } = measureImage(application, 'App')
  const reference = { name: measurementType, version, signerId, implementationId }
  return encodePsaCorim({
    id: 'observed',
    tagId: 'observed',
    trustAnchors: [{ implementationId, instanceId: instanceIdOf(key), publicKey: key }],
    referenceValues: [
      { ...reference, digests: [{ algorithm: 'sha-256', value: measurementValue }] },
    ],
  })
}
