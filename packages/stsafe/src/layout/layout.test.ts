import { encode, fromHex, toHex } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import {
  accessTableCodes,
  announcedLength,
  authenticatedFlags,
  commandHeader,
  commandMacInput,
  commandTable,
  counterBlock,
  BlockSubject,
  crc16,
  decodeCommandFrame,
  decodeRequest,
  decodeResponse,
  decodeResponseFrame,
  encodeBusAnswer,
  encodeBusRequest,
  encodeCommandFrame,
  encodeKeyEnvelope,
  encodeRequest,
  encodeResponseFrame,
  Form,
  formsOf,
  keyInformation,
  maxCommandPayload,
  pad,
  responseMacInput,
  statusCodeOf,
  takeBusAnswer,
  takeBusRequest,
  unpad,
  type KeyInformation,
} from './index.ts'

const cmacKey: KeyInformation = {
  lock: 'unlocked',
  slot: 0,
  type: 'AES-128',
  mode: 'CMAC',
  usage: ['verifyMac', 'generateMac'],
  minMacLength: 2,
}

describe('frames', () => {
  it.each([
    ['313233343536373839', '906e'],
    ['00', 'f078'],
    ['01', 'e1f1'],
    ['1407', '8909'],
    ['1411', 'fcbe'],
    ['1424', '9a90'],
    ['11070000', 'afc1'],
    ['0002000100010100', 'fc88'],
    ['e5180200000001c70f1519', 'd217'],
  ])('have the CRC of %s', (octets, crc) => {
    expect(crc16(fromHex(octets)).toString(16)).toBe(crc)
  })

  it('carry standard and extended codes with their flags', () => {
    expect(toHex(commandHeader(0x14))).toBe('14')
    expect(toHex(commandHeader(0x1f0b, authenticatedFlags))).toBe('ff0b')
    const frame = encodeCommandFrame(commandHeader(0x1f06))
    expect(toHex(frame)).toBe('1f067c28')
    expect(decodeCommandFrame(frame)).toMatchObject({ code: 0x1f06, flags: 0 })
    expect(decodeCommandFrame(fromHex('e0e97c603438ab2b'))).toMatchObject({
      code: 0,
      flags: 0xe0,
      body: fromHex('e97c603438'),
    })
  })

  it('name what is wrong with octets that are none', () => {
    expect(decodeCommandFrame(fromHex('1406'))).toBe('short')
    expect(decodeCommandFrame(fromHex('14118909'))).toBe('crc')
    expect(decodeResponseFrame(fromHex('00000200'))).toBe('short')
    expect(decodeResponseFrame(fromHex('000003f078'))).toBe('length')
    expect(decodeResponseFrame(fromHex('000002f079'))).toBe('crc')
  })

  it('announce the length of a response', () => {
    const response = encodeResponseFrame(0, fromHex('e9'))
    expect(toHex(response)).toBe('000003e97588')
    expect(announcedLength(response)).toBe(6)
    expect(decodeResponseFrame(response)).toEqual({ header: 0, status: 0, payload: fromHex('e9') })
  })
})

function names(code: number, payload: string): readonly string[] {
  return formsOf(code, fromHex(payload)).map((form) => form.name)
}

describe('commands', () => {
  it('have 45 records in the authorization table, in its order', () => {
    expect(accessTableCodes).toHaveLength(45)
    expect(accessTableCodes.slice(0, 7)).toEqual([0, 2, 4, 5, 6, 8, 9])
    expect(accessTableCodes.slice(18, 20)).toEqual([0x1f00, 0x1f01])
    expect(accessTableCodes.at(-1)).toBe(commandTable.decompressPublicKey.code)
  })

  it('are found by code and selector', () => {
    expect(names(0x11, '0700')).toEqual(['Generate local envelope key'])
    expect(names(0x14, '47')).toEqual(['Query host key slot V2'])
    expect(names(0x1b, '0200')).toEqual(['Encrypt ECB', 'Encrypt CCM*', 'Encrypt GCM'])
  })

  it('write their fields behind their selector', () => {
    const request = { slot: 1, usageLimit: 255, curve: 'P-256' } as const
    const payload = encodeRequest(Form.generateKeyPair, request)
    expect(toHex(payload)).toBe('130100ff000000082a8648ce3d030107')
    expect(decodeRequest(Form.generateKeyPair, payload)).toEqual(request)
  })

  it('divide the private key table of a part', () => {
    const payload = fromHex('0200ffff0001800d00082a8648ce3d0301070100800d')
    const { slots, globalUsageLimit } = decodeResponse(Form.queryPrivateKeyTable, payload)
    expect(globalUsageLimit).toBe(0xffff)
    expect(slots.map(({ curve }) => curve)).toEqual(['P-256', undefined])
    expect(slots[0]?.mode).toMatchObject({ changeRight: true, establish: true, generate: 'free' })
  })

  it('take the variant of an Ed25519 signature and of no other', () => {
    const message = fromHex('aa')
    const edwards = {
      curve: 'Ed25519',
      publicKey: new Uint8Array(32),
      signature: new Uint8Array(64),
      variant: 'pure',
      message,
    } as const
    const payload = encodeRequest(Form.verifySignature, edwards)
    expect(toHex(payload.subarray(-4))).toBe('000001aa')
    expect(decodeRequest(Form.verifySignature, payload)).toEqual(edwards)
  })
})

describe('keys', () => {
  it('have the records of the published examples', () => {
    expect(toHex(encode(keyInformation, cmacKey, 'key'))).toBe('00000001000302')
    const ccm: KeyInformation = {
      lock: 'unlocked',
      slot: 0,
      type: 'AES-256',
      mode: 'CCM*',
      usage: ['decrypt', 'encrypt'],
      tagLength: 4,
    }
    expect(toHex(encode(keyInformation, ccm, 'key'))).toBe('00000100000c0400')
  })

  it('are padded inside their envelope by at least one octet', () => {
    const key = new Uint8Array(16).fill(0x5a)
    const inside = encodeKeyEnvelope({ information: cmacKey, key })
    expect(toHex(inside)).toBe(`00000001000302${'5a'.repeat(16)}80`)
  })
})

describe('the session', () => {
  const counter = { value: 5, width: 4 } as const
  const command = { header: fromHex('e0'), payload: fromHex('e9') }

  it('makes the MAC inputs of the worked example', () => {
    expect(toHex(commandMacInput(counter, command))).toBe(
      '0000000500800000000000000000000000e00001e9',
    )
    const response = { command, status: 0, payload: fromHex('e9') }
    expect(toHex(responseMacInput({ ...counter, value: 6 }, response))).toBe(
      '0000000640800000000000000000000080e00001e9000001e9',
    )
  })

  it('has a counter of three octets on older parts', () => {
    const block = counterBlock({ value: 0x010203, width: 3 }, BlockSubject.commandIv)
    expect(toHex(block)).toBe('01020380800000000000000000000000')
  })

  it('pads always and takes only its own padding off', () => {
    expect(toHex(pad(fromHex('e9')))).toBe(`e980${'00'.repeat(14)}`)
    expect(pad(new Uint8Array(16))).toHaveLength(32)
    expect(unpad(pad(fromHex('e9')))).toEqual(fromHex('e9'))
    expect(unpad(new Uint8Array(16))).toBeUndefined()
    expect(unpad(fromHex('80'))).toBeUndefined()
  })

  it('leaves the payload that section 3.8 names for a protected extended command', () => {
    expect(maxCommandPayload(752, 2, 'none')).toBe(750)
    expect(maxCommandPayload(752, 2, 'mac')).toBe(746)
    expect(maxCommandPayload(752, 2, 'encrypted')).toBe(735)
  })
})

describe('the byte stream of a simulator', () => {
  it('takes one message at a time', () => {
    const write = encodeBusRequest({ kind: 'write', data: fromHex('1411fcbe') })
    expect(toHex(write)).toBe('0100041411fcbe')
    const read = encodeBusRequest({ kind: 'read', length: 5 })
    const stream = Uint8Array.from([...write, ...read])
    expect(takeBusRequest(stream)).toMatchObject({ message: { kind: 'write' }, length: 7 })
    expect(takeBusRequest(stream.subarray(7))).toEqual({
      message: { kind: 'read', length: 5 },
      length: 3,
    })
    expect(takeBusAnswer(encodeBusAnswer({ kind: 'done', data: fromHex('aa') }))).toEqual({
      message: { kind: 'done', data: fromHex('aa') },
      length: 4,
    })
  })

  it('waits for the rest and refuses what cannot become a message', () => {
    for (const part of ['', '01', '0100', '010002aa', '02', '0200']) {
      expect(takeBusRequest(fromHex(part))).toBe('incomplete')
    }
    for (const wrong of ['00', '05', '011001', '021001', '020000']) {
      expect(takeBusRequest(fromHex(wrong))).toBe('malformed')
    }
    expect(takeBusAnswer(fromHex('03'))).toBe('malformed')
    expect(takeBusAnswer(fromHex('00'))).toBe('incomplete')
  })
})

describe('status bytes', () => {
  it('have one code each, masked', () => {
    expect(statusCodeOf(0xf6)).toBe('CHIP_COMMAND_MAC')
    expect(statusCodeOf(0)).toBeUndefined()
    expect(statusCodeOf(0x0e)).toBeUndefined()
  })
})
