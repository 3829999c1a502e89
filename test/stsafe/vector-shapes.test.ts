import { concat, fromHex, Secret, toHex } from '@keyline/bytes'
import { aesCmac, curveKeyPair, encryptCbc, encryptEcb } from '@keyline/crypto'
import { inProcessTransport, Stsafe } from '@keyline/stsafe'
import { deviceTypes, encodeCommandFrame } from '@keyline/stsafe/layout'
import { SimulatedBus } from '@keyline/stsafe-sim'
import { describe, expect, it } from 'vitest'
import { chipOfCase, randomnessOfCase, volatileOfCase } from '../support/vectors/stsafe-chip.ts'
import { check } from '../support/vectors/stsafe.ts'
import { VectorReader } from '../support/vectors/vector-reader.ts'
import { LoneClock } from './support/lone-clock.ts'
import { ManInTheMiddle } from './support/man-in-the-middle.ts'
import { cmacKey } from './support/provisioning-flows.ts'

/** A case of the format of the vectors, of a shape that the recorded ones do not have. */
interface Shape {
  readonly api: readonly string[]
  readonly group?: string
  readonly deviceModel?: string
  readonly notes?: string
  readonly inputs?: object
  readonly outputs?: object
  readonly deviceState?: object
  readonly deviceRandomness?: readonly object[]
  readonly hostEphemeralKeys?: readonly object[]
  readonly session?: object
  readonly returnCode?: number
  readonly exchanges: readonly object[]
}

const name = 'a shape'

/** Ids of the results, and whether all of them are right. */
async function results(shape: Shape) {
  const json = {
    cases: [{ name, description: '', group: 'framing', inputs: {}, returnCode: 0, ...shape }],
  }
  const found = await check({ path: 'shape.json', json })
  for (const { expected, actual } of found) expect(actual).toBe(expected)
  return found.map(({ id }) => id.replace(` ${name}`, ''))
}

const withCrc = (header: string, payload = ''): string =>
  toHex(encodeCommandFrame(fromHex(header), fromHex(payload)))

/** What a chip in this state answers to these frames, as a vector records it. */
function recorded(state: Omit<Shape, 'api' | 'exchanges'>, frames: readonly string[]) {
  const json = new VectorReader(name, { name, ...state })
  const bus = new SimulatedBus({ state: chipOfCase(json), randomness: randomnessOfCase(json) })
  Object.assign(bus.chip.volatile, volatileOfCase(json))
  return frames.map((request) => {
    bus.write(fromHex(request))
    const [, high = 0, low = 0] = bus.read(5)
    const length = 3 + Number(high) * 256 + Number(low)
    const response = bus.read(length)
    if (response === 'nack') throw new TypeError('no answer')
    const readLengths = length === 5 ? [5] : [5, length]
    return { request, response: toHex(response), readLengths }
  })
}

const echo = withCrc('00', '01')
const echoed = {
  request: echo,
  response: '000003011ece',
  readLengths: [5, 6],
}

describe('a vector whose transfers are not acknowledged', () => {
  const inputs = { message: '01' }
  const api = ['stse_device_echo']
  const refused = { request: echo, event: 'NACK' }

  it('goes on at the next attempt, for the host, and is one command for the chip', async () => {
    const exchanges = [refused, refused, echoed]
    expect(await results({ api, inputs, outputs: { echoed: '01' }, exchanges })).toEqual([
      'host',
      'chip',
    ])
  })

  it('is for the host alone when nothing is ever answered', async () => {
    const never = Array.from({ length: 100 }, () => refused)
    expect(await results({ api, inputs, returnCode: 0x0108, exchanges: never })).toEqual(['host'])
    const busy = [{ request: echo, readNacksBefore: 100, response: null, readLengths: [] }]
    expect(await results({ api, inputs, returnCode: 0x0108, exchanges: busy })).toEqual(['host'])
  })
})

describe('a raw frame', () => {
  it.each([
    ['an unknown tag', withCrc('14', '3f'), '03'],
    ['an unknown command', withCrc('1d'), '04'],
    ['a wrong CRC', '010000', '01'],
    ['more than a frame holds', withCrc('00', '00'.repeat(752)), '06'],
  ])('with %s is for the chip alone', async (_, frame, status) => {
    const [answer] = recorded({}, [frame])
    expect(answer?.response.slice(0, 2)).toBe(status)
    const outputs = { response: answer?.response }
    const shape = { api: ['(raw frame)'], inputs: { frame, note: '' }, outputs, exchanges: [] }
    expect(await results(shape)).toEqual(['chip'])
  })
})

const init = [withCrc('14', '11'), withCrc('14', '24'), withCrc('14', '24')]
const step = (step: string, firstExchange: number, exchangeCount: number, returnCode = 0) => ({
  step,
  firstExchange,
  exchangeCount,
  returnCode,
})

async function scenario(
  api: readonly string[],
  steps: ReadonlyArray<{ name: string; frames: readonly string[]; code?: number; gives?: object }>,
  rest: Partial<Shape> = {},
) {
  const exchanges = recorded(rest, [...init, ...steps.flatMap(({ frames }) => frames)])
  let first = init.length
  const entries = steps.map(({ name: title, frames, code }) => {
    const entry = step(title, first, frames.length, code)
    first += frames.length
    return entry
  })
  const given = steps.flatMap(({ name: title, gives }) => (gives ? [[title, gives]] : []))
  const outputs = { ...Object.fromEntries(given), steps: [step('stse_init', 0, 3), ...entries] }
  return results({ ...rest, api: ['stse_init', ...api], group: 'scenarios', outputs, exchanges })
}

describe('a scenario', () => {
  it('of a data zone takes its reads, its random octets and its update from its requests', async () => {
    const drawn = '5a'.repeat(8)
    const reads = ['0000', '0004'].map((offset) => withCrc('05', `0001${offset}0004`))
    const rest = {
      inputs: { zone: 1, length: 8, chunkSize: 4 },
      deviceRandomness: [{ bytes: drawn }],
    }
    const api = [
      'stse_data_storage_read_data_zone',
      'stsafea_generate_random',
      'stse_data_storage_update_data_zone',
    ]
    const steps = [
      { name: 'table', frames: [withCrc('14', '12'), withCrc('14', '12')], gives: { zones: 12 } },
      { name: 'read-before', frames: reads, gives: { data: '00'.repeat(8) } },
      { name: 'random', frames: [withCrc('02', '0008')], gives: { bytes: drawn } },
      { name: 'update', frames: [withCrc('06', `00010000${drawn}`)] },
      { name: 'read-after', frames: reads, gives: { content: drawn } },
    ]
    expect(await scenario(api, steps, rest)).toEqual(['host', 'chip'])
  })

  it('of a counter zone reads and decrements it', async () => {
    const data = 'a5'.repeat(16)
    const read = [withCrc('05', '000500000010')]
    const steps = [
      { name: 'before', frames: read, gives: { counter: 0xffff_ffff, data: '00'.repeat(16) } },
      {
        name: 'decrement',
        frames: [withCrc('04', `0005000000000001${data}`)],
        gives: { counterAfter: 0xffff_fffe },
      },
      { name: 'after', frames: read, gives: { value: 0xffff_fffe, data } },
    ]
    const api = ['stse_data_storage_read_counter_zone', 'stse_data_storage_decrement_counter_zone']
    expect(await scenario(api, steps, { inputs: { zone: 5, amount: 1 } })).toEqual(['host', 'chip'])
  })

  it('of a key pair takes slot and limit from its request', async () => {
    const privateKey = '11'.repeat(32)
    const digest = '22'.repeat(32)
    const rest = {
      inputs: { slot: 1, usageLimit: 255, curve: 'Ed25519' },
      deviceRandomness: [{ privateKey }],
    }
    const frames = [withCrc('11', '130100ff000000032b6570'), withCrc('16', `010020${digest}`)]
    const [, , , pair, signed] = recorded(rest, [...init, ...frames])
    const publicKey = pair?.response.slice(10, 74)
    const [r, s] = [signed?.response.slice(10, 74) ?? '', signed?.response.slice(78, 142) ?? '']
    const verify = withCrc('17', `0000032b65700020${publicKey}0020${r}0020${s}000020${digest}`)
    const api = [
      'stse_generate_ecc_key_pair',
      'stse_ecc_generate_signature',
      'stse_ecc_verify_signature',
    ]
    const steps = [
      { name: 'generate-key-pair', frames: frames.slice(0, 1), gives: { publicKey } },
      { name: 'sign', frames: frames.slice(1), gives: { signature: r + s } },
      { name: 'verify', frames: [verify], gives: { validity: 1 } },
    ]
    expect(await scenario(api, steps, rest)).toEqual(['host', 'chip'])
  })

  it('of control fields asks every slot, and takes "already done" for an answer', async () => {
    const api = [
      'stse_get_symmetric_key_slot_provisioning_ctrl_fields',
      'stsafea_put_symmetric_key_slot_provisioning_ctrl_fields',
    ]
    const queries = ['00', '01', '02'].map((slot) => withCrc('14', `4b${slot}`))
    const put = withCrc('10', '4b0003ffff')
    const fields = ['08ffff', '08ffff', '08ffff']
    const steps = [
      { name: 'slot-count', frames: [withCrc('14', '23')], gives: { count: 16 } },
      { name: 'print', frames: queries, gives: { controlFields: fields } },
      { name: 'put', frames: [put] },
      { name: 'put-again', frames: [put], code: 0x11 },
    ]
    const inputs = { slot: 0, fields: '03ffff' }
    expect(await scenario(api, steps, { inputs })).toEqual(['host', 'chip'])
  })
})

describe('a call', () => {
  it('that the chip refuses and this host never sends is refused by both', async () => {
    const key = { type: 0, mode: 2, usage: '000c', parameters: '', key: '00'.repeat(16) }
    const state = { deviceState: { symmetricKeys: { 2: key } } }
    const exchanges = recorded(state, [withCrc('1b', '0202aabb')])
    const shape = { api: ['stse_aes_ecb_encrypt'], inputs: { slot: 2, plaintext: 'aabb' } }
    expect(await results({ ...state, ...shape, returnCode: 2, exchanges })).toEqual([
      'host',
      'chip',
    ])
  })

  it.each([
    [0x04, 0x0f],
    [0x83, 0x00],
  ])('that puts the life cycle state %i is answered with status %i', async (state, returnCode) => {
    const exchanges = recorded({}, [withCrc('10', `08${state.toString(16).padStart(2, '0')}`)])
    const shape = { api: ['stsafea_put_life_cyle_state'], inputs: { state }, returnCode }
    expect(await results({ ...shape, exchanges })).toEqual(['host', 'chip'])
  })

  it('that asks for the password slot in raw octets gives its payload', async () => {
    const state = { deviceState: { password: { value: '11'.repeat(16), tries: 2 } } }
    const exchanges = recorded(state, [withCrc('14', '09')])
    const outputs = { payload: '0102' }
    const shape = { ...state, group: 'query', api: ['(raw query)'], outputs }
    expect(await results({ ...shape, exchanges })).toEqual(['host', 'chip'])
  })

  it.each([
    ['right', '11', 0x0205],
    ['wrong', '22', 0x0205],
  ])('that has a defect in STSELib is corrected, with a %s password', async (_, octet, code) => {
    const state = {
      deviceState: { password: { value: '11'.repeat(16), tries: 3 }, lifeCycleState: 0x83 },
    }
    const password = octet.repeat(16)
    const exchanges = recorded(state, [withCrc('1a', password)])
    const notes = 'Library defect kept for reference.'
    const shape = { ...state, notes, api: ['stse_device_unlock'], inputs: { password } }
    expect(await results({ ...shape, returnCode: code, exchanges })).toEqual(['host', 'chip'])
  })

  it('that wraps a generic secret whole gets through where STSELib cuts it', async () => {
    const record = { lock: 0, slot: 9, type: 2, mode: 4, usage: '0040', parameters: '0120' }
    const pair = { curve: 'P-256', privateKey: '11'.repeat(32) }
    const state = {
      deviceState: { symmetricSlotControl: { 9: '02ffff' } },
      deviceRandomness: [{ privateKey: '22'.repeat(32) }],
    }
    const shape = {
      ...state,
      notes: 'Library defect kept for reference.',
      hostEphemeralKeys: [pair],
      api: ['stse_write_symmetric_key_wrapped'],
      inputs: { keyInfo: record, key: '33'.repeat(32), kekCurve: 'P-256' },
    }
    const exchanges = recorded(state, [withCrc('1f0b', '00082a8648ce3d030107')])
    expect(await results({ ...shape, returnCode: 2, exchanges })).toEqual(['host', 'chip'])
  })
})

describe('a KEK session that ends in a refusal', () => {
  const keyInfo = { lock: 0, slot: 0, type: 0, mode: 1, usage: '0003', parameters: '02' }
  const symmetric = { keyInfo, key: '5a'.repeat(16), kekCurve: 'P-256' }
  const host = {
    macKey: '11'.repeat(16),
    cipherKey: '22'.repeat(16),
    keyType: 'AES-128',
    kekCurve: 'P-256',
  }

  it.each([
    ['stse_write_symmetric_key_wrapped', symmetric],
    ['stse_host_key_provisioning_wrapped', host],
  ])('is closed by this host, where STSELib leaves it open (%s)', async (api, inputs) => {
    const shape = {
      api: [api],
      inputs,
      returnCode: 0x1e,
      deviceRandomness: [{ privateKey: '22'.repeat(32) }],
      hostEphemeralKeys: [{ curve: 'P-256', privateKey: '11'.repeat(32) }],
    }
    const json = new VectorReader(name, { name, ...shape })
    const chip = new SimulatedBus({ state: chipOfCase(json), randomness: randomnessOfCase(json) })
    const wire = new ManInTheMiddle(chip)
    const options = { ephemeralKeyPair: () => curveKeyPair('P-256', fromHex('11'.repeat(32))) }
    const part = { deviceType: deviceTypes.A120, records: [] }
    const clock = new LoneClock()
    const library = new Stsafe(inProcessTransport(wire), part, { clock, ...options })
    const [first, second] = [new Uint8Array(16).fill(0x11), new Uint8Array(16).fill(0x22)]
    const work = api.includes('host_key')
      ? library.hostKeys.provisionWrapped(
          { type: 'AES-128', macKey: new Secret(first), cipherKey: new Secret(second) },
          { curve: 'P-256' },
        )
      : library.symmetricKeys.writeWrapped(cmacKey, new Secret(new Uint8Array(16).fill(0x5a)), {
          curve: 'P-256',
        })
    await expect(work).rejects.toMatchObject({ code: 'CHIP_NOT_AUTHORIZED' })
    const sent = wire.exchanges.map(({ command }) => toHex(command.subarray(0, 2)))
    expect(sent.slice(0, 2)).toEqual(['1f0b', '1f03'])
    expect(sent.slice(3)).toEqual(['1f06'])
    const exchanges = wire.exchanges.slice(0, -1).map(({ command, response, readLengths }) => ({
      request: toHex(command),
      response: toHex(response ?? new Uint8Array()),
      readLengths,
    }))
    expect(await results({ ...shape, exchanges })).toEqual(['host', 'chip'])
  })
})

const macKey = '00112233445566778899aabbccddeeff'
const cipherKey = '0123456789abcdef0123456789abcdef'
const keys = { macKey, cipherKey, keyType: 'AES-128' }
const hostKeys = { type: 'AES-128', macKey, cipherKey }

/** The first four octets of the CMAC under the host key, over a block of the counter and what follows it. */
function macOf(counter: string, subject: string, rest: string): string {
  const block = fromHex(`${counter}${subject}80`.padEnd(32, '0'))
  return toHex(aesCmac(fromHex(macKey), concat(block, fromHex(rest)))).slice(0, 8)
}

describe('a session of an A110', () => {
  const commandAccess = { '00': { ac: 3, encryption: 0 } }
  const state = {
    deviceModel: 'STSAFE-A110',
    deviceState: { commandAccess, hostKeys: { ...hostKeys, counter: 5 } },
  }

  it('counts in three octets', async () => {
    const frame = withCrc('e0', `e9${macOf('000005', '00', '00e00001e9')}`)
    const [opening, answer] = recorded(state, [withCrc('14', '17'), frame])
    expect(opening?.response).toMatch(/^00000601000005/)
    expect(answer?.response.slice(0, 16)).toBe(
      `000007e9${macOf('000006', '40', '80e00001e9000001e9')}`,
    )
    const session = { ...keys, counterBefore: 5, counterAfter: 6 }
    const shape = { ...state, group: 'host-session', api: ['stse_device_echo'], session }
    const io = { inputs: { message: 'e9' }, outputs: { echoed: 'e9' } }
    expect(await results({ ...shape, ...io, exchanges: [opening ?? {}, answer ?? {}] })).toEqual([
      'host',
      'chip',
    ])
  })

  it('is told another counter than the chip has', async () => {
    const frame = withCrc('e0', `e9${macOf('000004', '00', '00e00001e9')}`)
    const exchanges = recorded(state, [withCrc('14', '17'), frame])
    const session = { ...keys, hostCounterOverride: 4, counterBefore: 4, counterAfter: 4 }
    const shape = { ...state, group: 'host-session', api: ['stse_device_echo'], session }
    const inputs = { message: 'e9' }
    expect(await results({ ...shape, inputs, returnCode: 0x16, exchanges })).toEqual([
      'host',
      'chip',
    ])
  })
})

describe('a session at the end of its counter', () => {
  it('is refused, with an IV whose counter begins anew, and both counters stay', async () => {
    const commandAccess = { '00': { ac: 3, encryption: 2 } }
    const deviceState = { commandAccess, hostKeys: { ...hostKeys, counter: 0xffff_ffff } }
    const block = fromHex('000000008080'.padEnd(32, '0'))
    const iv = encryptEcb({ key: fromHex(cipherKey), octets: block })
    const padded = fromHex('e980'.padEnd(32, '0'))
    const payload = toHex(encryptCbc({ key: fromHex(cipherKey), iv, octets: padded }))
    const mac = macOf('ffffffff', '00', `00e00010${payload}`)
    const frames = [withCrc('14', '47'), withCrc('e0', payload + mac)]
    const exchanges = recorded({ deviceState }, frames)
    const session = { ...keys, counterBefore: 0xffff_ffff, counterAfter: 0 }
    const shape = { deviceState, group: 'host-session', api: ['stse_device_echo'], session }
    const inputs = { message: 'e9' }
    expect(await results({ ...shape, inputs, returnCode: 9, exchanges })).toEqual(['host', 'chip'])
  })
})
