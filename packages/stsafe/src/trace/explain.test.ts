import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fromHex, Secret, toHex } from '@keyline/bytes'
import { aesCmac } from '@keyline/crypto'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { encodeCommandFrame } from '../layout/frame.ts'
import { commandMacInput } from '../layout/session.ts'
import type { HostKeyPair } from '../session/host-session.ts'
import { parseBusTrace } from './bus-trace.ts'
import { explainTrace } from './explain.ts'

const trace = `# echo, in plain and under host keys
W 20 1447cb0d
R 20 0000080100
R 20 000008010000000005dff6
W 20 e0 84b8205aa9f83e9a54599460df72229e f9a5ec0e 844d
R 20 000016
R 20 00001666e17001f29f7abedf4057eb829431cec9b3ca3aea93
W 20 05180200000001
W 20 e51802000000 01c70f1519d217
R 20 110002f170
`

const keys = {
  macKey: new Secret(fromHex('00112233445566778899aabbccddeeff')),
  cipherKey: new Secret(fromHex('0123456789abcdef0123456789abcdef')),
}

function withCrc(octets: Uint8Array): Uint8Array {
  return encodeCommandFrame(octets.subarray(0, 1), octets.subarray(1), new Uint8Array())
}

/** An authenticated command of one octet of header. */
function macked(octets: Uint8Array, { macKey }: HostKeyPair, counter: number): Uint8Array {
  const command = { header: octets.subarray(0, 1), payload: octets.subarray(1) }
  const input = commandMacInput({ value: counter, width: 4 }, command)
  return encodeCommandFrame(
    command.header,
    command.payload,
    aesCmac(macKey.reveal(), input).subarray(0, 4),
  )
}

describe('a captured trace', () => {
  it('tells commands, fields and statuses', () => {
    const [query, echo, broken, read] = explainTrace(parseBusTrace(trace))
    expect(query).toMatchObject({
      command: 'Query host key slot V2',
      response: { status: 'OK', fields: { presence: 1, type: 'AES-128', counter: 5 } },
      faults: [],
    })
    expect(echo?.request.mac).toBe('not checked')
    expect(broken).toMatchObject({ command: 'no command', faults: ['command frame: crc'] })
    expect(read).toMatchObject({
      request: {
        fields: { option: { change: { access: 'always', changeRight: true } }, zone: 2, length: 1 },
      },
      response: { status: 'CHIP_ACCESS_DENIED' },
    })
  })

  it('is verified and opened with the host keys', () => {
    const [, echo, , read] = explainTrace(parseBusTrace(trace), keys)
    expect(echo).toMatchObject({
      command: 'Echo',
      request: { encrypted: true, mac: 'right', fields: { data: 'e9' } },
      response: { encrypted: true, mac: 'right', fields: { data: 'e9' } },
    })
    expect(read?.request.mac).toBe('wrong')
  })

  it('keeps the chips of a bus apart, each with its counter', () => {
    // The same session on two addresses at once, every transfer of the one between those of the other.
    const twice = parseBusTrace(trace).flatMap((transfer) => [
      transfer,
      { ...transfer, address: 0x21 },
    ])
    const alone = explainTrace(parseBusTrace(trace), keys)
    const both = explainTrace(twice, keys)
    expect(both.filter(({ address }) => address === 0x20)).toEqual(alone)
    expect(both.filter(({ address }) => address === 0x21)).toEqual(
      alone.map((exchange) => ({ ...exchange, address: 0x21 })),
    )
    expect(both.map(({ address }) => address).slice(0, 3)).toEqual([0x20, 0x21, 0x20])
  })

  it('goes on under new host keys that came in plain or under the old ones', () => {
    const write = `1f0700000000${'42'.repeat(16)}${'43'.repeat(16)}`
    const [first] = explainTrace([
      { direction: 'write', address: 0x20, octets: withCrc(fromHex(write)) },
    ])
    expect(first?.command).toBe('Write host key V2 plaintext')
    const replacing = {
      macKey: new Secret(fromHex(write.slice(12, 44))),
      cipherKey: new Secret(fromHex(write.slice(44))),
    }
    const lines = [
      'W 20 1447cb0d',
      'R 20 000008010000000005dff6',
      `W 20 ${toHex(withCrc(fromHex(write)))}`,
      'R 20 000002f078',
      `W 20 ${toHex(macked(fromHex('e0e9'), replacing, 0))}`,
    ]
    const traced = explainTrace(parseBusTrace(lines.join('\n')), keys)
    expect(traced.at(-1)).toMatchObject({ command: 'Echo', request: { mac: 'right' } })
  })

  it('reads the exports of logic analysers', () => {
    const saleae = [
      'name,type,start_time,duration,"ack","address","read","data"',
      '"I2C","start",0.1,0.001,,,,',
      '"I2C","address",0.1,0.001,true,0x20,false,',
      '"I2C","data",0.1,0.001,true,,,0x01',
      '"I2C","data",0.1,0.001,true,,,0xE1',
      '"I2C","data",0.1,0.001,true,,,0xF1',
      '"I2C","stop",0.1,0.001,,,,',
      '"I2C","address",0.2,0.001,false,0x20,true,',
    ].join('\n')
    const sigrok = [
      'i2c-1: Start',
      'i2c-1: Address write: 20',
      'i2c-1: ACK',
      'i2c-1: Data write: 01',
      'i2c-1: Data write: E1',
      'i2c-1: Data write: F1',
      'i2c-1: Stop',
      'i2c-1: Address read: 20',
    ].join('\n')
    const expected = [
      { direction: 'write', address: 0x20, octets: fromHex('01e1f1') },
      { direction: 'read', address: 0x20, octets: new Uint8Array() },
    ]
    expect(parseBusTrace(saleae)).toEqual(expected)
    expect(parseBusTrace(sigrok)).toEqual(expected)
    const annotations = sigrok.split('\n').map((line) => line.replace('i2c-1: ', ''))
    const pulseView = annotations.map((text, at) => `${at}-${at + 1} I²C: Address/data: ${text}`)
    expect(parseBusTrace(pulseView.join('\n'))).toEqual(expected)
    const dsView = annotations.map((text, at) => `${at},${at}.00,${text}`)
    expect(parseBusTrace(['Id,Time[ns],0:I2C: Address/data', ...dsView].join('\n'))).toEqual(
      expected,
    )
    expect(parseBusTrace('W 0x20 01E1F1\nR 20\n')).toEqual(expected)
  })

  it.each(['X 20 00', 'W 20 0', 'W 80 00', 'name,type\n"I2C","data"'])(
    'is refused as %j',
    (text) => {
      expect(() => parseBusTrace(text)).toThrow(expect.objectContaining({ code: 'STSAFE_TRACE' }))
    },
  )
})

const File = z.object({
  cases: z.array(
    z.object({
      name: z.string(),
      session: z.object({ macKey: z.string(), cipherKey: z.string() }).optional(),
      exchanges: z.array(z.object({ request: z.string(), response: z.string() })),
      returnCode: z.number(),
    }),
  ),
})

describe('the recorded sessions', () => {
  const path = '../../../../test/vectors/stsafe-a120/host-session.json'
  const text = readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8')
  const sessions = File.parse(JSON.parse(text)).cases.flatMap(({ session, ...one }) =>
    session === undefined || one.returnCode !== 0 ? [] : [{ ...one, session }],
  )

  it.each(sessions)('$name is verified to the last MAC', ({ session, exchanges }) => {
    const lines = exchanges.flatMap(({ request, response }) => [
      `W 20 ${request}`,
      `R 20 ${response}`,
    ])
    const traced = explainTrace(parseBusTrace(lines.join('\n')), {
      macKey: new Secret(fromHex(session.macKey)),
      cipherKey: new Secret(fromHex(session.cipherKey)),
    })
    for (const exchange of traced.slice(1)) {
      expect(exchange.request.mac).toBe('right')
      expect(exchange.response?.mac).toBe('right')
      expect(exchange.request.fields).toBeDefined()
      expect(exchange.response?.fields).toBeDefined()
    }
  })
})
