import { readFileSync } from 'node:fs'
import { concat, encodeUtf8, seededRandom, toHex, type JsonValue } from '@keyline/bytes'
import { spake2pVerifier } from '@keyline/crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import '../../../../test/support/properties.ts'
import { scaled } from '../../../../test/support/scale.ts'
import { checkAssignments, readBatch, type BatchOptions, type BatchRow } from './batch.ts'
import { maxRowLength } from './batch-rows.ts'
import { extendedPaths } from './extended-paths.ts'
import { factoryDataToExtendedJson } from './extended-writer.ts'
import { factoryDataFields } from './factory-data.ts'
import { IdentityIndex } from './identity-index.ts'
import { decodeImage, encodeImage } from './image.ts'
import { factoryDataToStJson } from './st-json.ts'

const file = new URL(
  '../../../../test/vectors/matter/factory-data/provisioning-fff1-8004.bin',
  import.meta.url,
)
const image = Uint8Array.from(readFileSync(file))
const { data: stock } = decodeImage(image)
const st = factoryDataToStJson(stock)
const format = 'matter-factory/1'
const extended = JSON.stringify({
  format,
  device: { vendorId: 0xfff1, productId: 0x8004 },
  commissioning: { iterations: 1000, salt: { utf8: 'SPAKE2P Key Salt' }, passcode: 20_202_021 },
  attestation: { certificationDeclaration: { file: 'cd.der' } },
})

function optionsWith(changes: Partial<BatchOptions> = {}): BatchOptions {
  return {
    random: seededRandom('batch'),
    readFile: async () => Uint8Array.of(1, 2, 3),
    ...changes,
  }
}

async function rowsOf(
  common: string,
  rows: string | readonly Uint8Array[],
  changes?: Partial<BatchOptions>,
): Promise<readonly BatchRow[]> {
  const form = typeof rows === 'string' && /^\s*[{[]/.test(rows) ? 'jsonl' : 'csv'
  const octets = typeof rows === 'string' ? [encodeUtf8(rows)] : rows
  const batch = readBatch({ common, rows: octets, format: form }, optionsWith(changes))
  const read: BatchRow[] = []
  for await (const row of batch) read.push(row)
  return read
}

const rulesOf = (rows: readonly BatchRow[]): readonly string[] =>
  rows.flatMap(({ findings }) => findings.map(({ row, rule, field }) => `${row} ${rule} ${field}`))

const lines = (...rows: readonly JsonValue[]): string =>
  rows.map((row) => JSON.stringify(row)).join('\n')

describe('a batch of CSV', () => {
  it('lays the common object under each row, by paths or by names of ST', async () => {
    const csv =
      'device.serialNumber,SETUP_DISCRIMINATOR,commissioning.salt\nA1,5,\n"A,2",0x6,00ff\n'
    const [first, second, ...others] = await rowsOf(st, csv)
    expect(others).toEqual([])
    expect(rulesOf([...(first ? [first] : []), ...(second ? [second] : [])])).toEqual([])
    const wanted = { ...stock, serialNumber: 'A1', discriminator: 5 }
    expect(toHex(encodeImage(first?.set?.data ?? {}))).toBe(toHex(encodeImage(wanted)))
    expect(second?.set?.data).toMatchObject({ serialNumber: 'A,2', discriminator: 6 })
    expect(toHex(second?.set?.data.salt ?? new Uint8Array())).toBe('00ff')
  })

  it('derives for each row what follows from it, and reads a common file once', async () => {
    const read: string[] = []
    const rows = await rowsOf(
      extended,
      'commissioning.passcode,commissioning.discovery,commissioning.storePasscode,info.partNumber\n' +
        '11111,ble nfc,false,P1\nrandom,thread,true,P2\n',
      {
        readFile: async (name) => {
          read.push(name)
          return Uint8Array.of(7)
        },
      },
    )
    expect(read).toEqual(['cd.der'])
    const [first, second] = rows.map((row) => row.extended)
    const { salt = new Uint8Array() } = stock
    const { verifier } = await spake2pVerifier({ passcode: 11_111, salt, iterations: 1000 })
    expect(toHex(first?.data.verifier ?? new Uint8Array())).toBe(toHex(verifier))
    expect(first).toMatchObject({ passcode: 11_111, discovery: 18, info: { partNumber: 'P1' } })
    expect(first?.data.passcode).toBeUndefined()
    expect(second?.data.passcode).toBe(second?.passcode)
    expect(second?.passcode).not.toBe(20_202_021)
  })

  it.each([
    ['an unknown column', 'device.foo\n', ['0 BATCH-07 device.foo']],
    ['a column twice', 'SERIAL_NUMBER,device.serialNumber\n', ['0 BATCH-07 device.serialNumber']],
    ['a column that ST’s form lacks', 'info.partNumber\n', ['0 BATCH-07 info.partNumber']],
    [
      'a file, which ST’s form lacks',
      'attestation.dac.file\n',
      ['0 BATCH-07 attestation.dac.file'],
    ],
    ['a form of a text', 'device.serialNumber.hex\n', ['0 BATCH-07 device.serialNumber.hex']],
    ['a row with a cell too many', 'SERIAL_NUMBER\nA\nB,2\nC\n', ['2 BATCH-06 row']],
    ['a row with a cell too few', 'SERIAL_NUMBER,VENDOR_NAME\nA\n', ['1 BATCH-06 row']],
    ['a quote inside a cell', 'SERIAL_NUMBER\nA\n"B"b\nC\n', ['2 BATCH-06 row']],
    ['a quote that is not closed', 'SERIAL_NUMBER\n"A\n', ['1 BATCH-06 row']],
    ['octets that are none', 'SPAKE2_SALT\n0g\n', ['1 FD-005 SPAKE2_SALT']],
    ['a number that is none', 'SETUP_DISCRIMINATOR\nx\n', ['1 FD-003 SETUP_DISCRIMINATOR']],
    ['201 columns', `${'a,'.repeat(200)}a\n`, ['0 BATCH-07 header']],
  ])('names row and field of %s', async (_, csv, wanted) => {
    const found = rulesOf(await rowsOf(st, csv)).filter((rule) => !rule.includes('BATCH-04'))
    expect(found).toEqual(wanted)
  })

  it('ends at octets that are not UTF-8, and at a row without end', async () => {
    const octets = [encodeUtf8('SERIAL_NUMBER\nA\n'), Uint8Array.of(0xff, 0x0a)]
    expect(rulesOf(await rowsOf(st, octets))).toEqual(['2 BATCH-06 row'])
    expect(rulesOf(await rowsOf(st, [concat(...octets)]))).toEqual(['2 BATCH-06 row'])
    const endless = `SERIAL_NUMBER\nA\n${'x'.repeat(maxRowLength + 1)}\nB\n`
    expect(rulesOf(await rowsOf(st, endless))).toEqual(['2 BATCH-06 row'])
  })

  it('gives the same rows for any cut of its octets', async () => {
    const csv = encodeUtf8('\ufeffSERIAL_NUMBER,VENDOR_NAME\r\nä1,"é\n2"\r\n\r\nb2,c\r\n')
    const whole = await rowsOf(st, [csv])
    expect(whole.map(({ set }) => set?.data.vendorName)).toEqual(['é\n2', 'c'])
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: csv.length }), { maxLength: 5 }), async (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), csv.length]
        const pieces = places.slice(1).map((end, index) => csv.subarray(places[index], end))
        expect(JSON.stringify(await rowsOf(st, pieces))).toBe(JSON.stringify(whole))
      }),
      { numRuns: 20 },
    )
  })
})

describe('a batch of JSON lines', () => {
  it('takes groups, paths and names of ST, for either form of the common object', async () => {
    const rows = lines(
      { device: { serialNumber: 'A' }, commissioning: { discriminator: 1 } },
      { 'device.serialNumber': 'B', SETUP_DISCRIMINATOR: '0x2' },
      { 'commissioning.salt': { base64: 'AAE=' }, 'commissioning.discriminator': 3 },
    )
    for (const common of [st, extended]) {
      const read = await rowsOf(common, rows)
      expect(rulesOf(read).filter((rule) => !rule.endsWith('SERIAL_NUMBER'))).toEqual([])
      expect(read.map(({ set }) => set?.data.discriminator)).toEqual([1, 2, 3])
      expect(read.map(({ set }) => set?.data.serialNumber).slice(0, 2)).toEqual(['A', 'B'])
      expect(toHex(read[2]?.set?.data.salt ?? new Uint8Array())).toBe('0001')
    }
  })

  it('takes octets in any form that the common object can hold', async () => {
    const rows = lines(
      { 'commissioning.salt': { utf8: 'ab' } },
      { 'commissioning.salt': { hex: '0a0b' } },
      { 'commissioning.salt': ['0x1', 'ff'] },
      { 'commissioning.salt': { base64: '!' } },
      { 'commissioning.salt': { file: 'x' } },
      { 'commissioning.salt': { hex: '0', utf8: '' } },
    )
    const read = await rowsOf(st, rows)
    expect(read.map(({ set }) => toHex(set?.data.salt ?? new Uint8Array())).slice(0, 3)).toEqual([
      '6162',
      '0a0b',
      '01ff',
    ])
    expect(rulesOf(read).filter((rule) => rule.includes('FD-'))).toEqual([
      '4 FD-005 SPAKE2_SALT',
      '5 FD-002 SPAKE2_SALT',
      '6 FD-002 SPAKE2_SALT',
    ])
    const cells = await rowsOf(st, 'commissioning.salt.utf8,attestation.pai.base64\na b,AAE=\n')
    expect(toHex(cells[0]?.set?.data.salt ?? new Uint8Array())).toBe('612062')
    expect(toHex(cells[0]?.set?.data.paiCertificate ?? new Uint8Array())).toBe('0001')
  })

  it('passes over a row that is too long, in whatever pieces it comes', async () => {
    const long = `{"SERIAL_NUMBER":"${'x'.repeat(maxRowLength)}"}`
    const pieces = [long.slice(0, 40_000), long.slice(40_000), '\n{"SERIAL_NUMBER":"B"}\n', long]
    const batch = readBatch(
      { common: st, rows: pieces.map((piece) => encodeUtf8(piece)), format: 'jsonl' },
      optionsWith(),
    )
    const read: BatchRow[] = []
    for await (const row of batch) read.push(row)
    expect(read.map(({ set }) => set?.data.serialNumber)).toEqual([undefined, 'B', undefined])
    expect(rulesOf(read)).toEqual(['1 BATCH-06 row', '3 BATCH-06 row'])
  })

  it('goes on behind a row that cannot be read', async () => {
    const long = JSON.stringify({ SERIAL_NUMBER: 'x'.repeat(maxRowLength) })
    const text = `{"SERIAL_NUMBER":"A"}\n{"SERIAL_NUMBER"\n\n[]\n${long}\n"\ufffd"\n{"SERIAL_NUMBER":"B"}`
    const rows = await rowsOf(st, text)
    expect(rulesOf(rows).filter((rule) => !rule.includes('BATCH-04'))).toEqual([
      '2 BATCH-06 row',
      '3 BATCH-06 row',
      '4 BATCH-06 row',
      '5 BATCH-06 row',
    ])
    expect(rows.at(-1)?.set?.data.serialNumber).toBe('B')
  })

  it('lets no row change what the batch shares', async () => {
    const rows = lines({ policy: 'test', '__proto__.x': 1, device: { foo: 1 } })
    expect(rulesOf(await rowsOf(extended, rows, { policy: 'production' }))).toEqual([
      '1 FD-001 policy',
      '1 FD-001 __proto__.x',
      '1 FD-001 device.foo',
    ])
    const lowered = await rowsOf(st, rows, { unknownMembers: 'warning' })
    expect(new Set(lowered.flatMap(({ findings }) => findings.map((f) => f.severity)))).toEqual(
      new Set(['warning']),
    )
  })
})

describe('the common object', () => {
  it('says once what is wrong with it, and an error ends the batch', async () => {
    const csv = 'SERIAL_NUMBER\nA\nB\n'
    expect(rulesOf(await rowsOf('{"FOO":"1"}', csv))).toEqual(['0 FD-001 FOO'])
    expect(rulesOf(await rowsOf('{"VENDOR_ID":"1","VENDOR_ID":"2"}', csv))).toEqual([
      '0 FD-001 VENDOR_ID',
    ])
    const informed = JSON.stringify({ format, info: { partNumber: 'P' } })
    expect(rulesOf(await rowsOf(informed, csv))).toEqual(['0 FD-048 info.partNumber'])
  })

  it('draws for each row on its own, and the same from the same seed', async () => {
    const drawn = JSON.stringify({ format, commissioning: { discriminator: 'random' } })
    const csv = `SERIAL_NUMBER\n${Array.from({ length: 20 }, (_, index) => `A${index}`).join('\n')}`
    const draw = async (seed: string): Promise<readonly unknown[]> =>
      (await rowsOf(drawn, csv, { seed })).map(({ set }) => set?.data.discriminator)
    const once = await draw('one')
    expect(new Set(once).size).toBeGreaterThan(15)
    expect(await draw('one')).toEqual(once)
    expect(await draw('two')).not.toEqual(once)
  })
})

describe('uniqueness', () => {
  it('is asked over the batch, over what exists, and over all batches of an index', async () => {
    const csv =
      'SERIAL_NUMBER,ROTATING_DEVICE_ID,SPAKE2_SETUP_PASSCODE\nA,x,1\nB,y,2\nA,y,3\nC,z,1\n'
    const existing = {
      has: (kind: string, value: unknown) => kind === 'serialNumber' && value === 'C',
    }
    const index = new IdentityIndex()
    expect(rulesOf(await rowsOf(st, csv, { existing, index }))).toEqual([
      '3 BATCH-01 SERIAL_NUMBER',
      '3 BATCH-02 ROTATING_DEVICE_ID',
      '4 BATCH-01 SERIAL_NUMBER',
      '4 BATCH-04 SETUP_DISCRIMINATOR',
    ])
    expect(
      rulesOf(await rowsOf(st, 'SERIAL_NUMBER,SETUP_DISCRIMINATOR\nB,9\n', { index })),
    ).toEqual(['1 BATCH-01 SERIAL_NUMBER'])
  })

  it('holds for keys, and for a passcode that the device does not store', async () => {
    const key = '04'.repeat(65)
    const keys = `attestation.publicKey\n${key}\n${key}\n`
    expect(rulesOf(await rowsOf(extended, keys))).toEqual(['2 BATCH-03 DEVICE_ATTESTATION_PUB_KEY'])
    const hidden = JSON.stringify({
      format,
      commissioning: { discriminator: 1, passcode: 5, storePasscode: false },
    })
    expect(rulesOf(await rowsOf(hidden, 'SERIAL_NUMBER\nA\nB\n'))).toEqual([
      '2 BATCH-04 SETUP_DISCRIMINATOR',
    ])
  })

  it('gives no row to two boards, unless that was asked for', () => {
    const assignments = [
      { row: 1, board: 'X' },
      { row: 2, board: 'Y' },
      { row: 1, board: 'Z' },
      { row: 2, board: 'Y' },
    ]
    expect(checkAssignments(assignments)).toMatchObject([{ rule: 'BATCH-05', row: 1, value: 'Z' }])
    expect(checkAssignments(assignments, { sameIdentity: true })).toEqual([])
  })
})

describe('a long batch', () => {
  it('needs no more memory for its rows than for their identities', async () => {
    const count = scaled(3_000, 1_000_000)
    async function* source(): AsyncGenerator<Uint8Array> {
      yield encodeUtf8('SERIAL_NUMBER,SETUP_DISCRIMINATOR,SPAKE2_SETUP_PASSCODE\n')
      for (let start = 0; start < count; start += 1000) {
        const rows = Array.from({ length: 1000 }, (_, place) => {
          const number = start + place
          return `S${number},${number & 0xfff},${number + 1}\n`
        })
        yield encodeUtf8(rows.join(''))
      }
    }
    const index = new IdentityIndex()
    let rows = 0
    let heap = 0
    const batch = readBatch(
      { common: JSON.stringify({ VENDOR_ID: '1' }), rows: source(), format: 'csv' },
      optionsWith({ index }),
    )
    for await (const { findings } of batch) {
      if (findings.length > 0) throw new Error(JSON.stringify(findings))
      rows++
      if (rows % 1000 === 0) heap = Math.max(heap, process.memoryUsage().heapUsed)
    }
    expect(rows).toBe(count)
    expect(index.size).toBe(2 * count)
    expect(heap).toBeLessThan(400 * 1024 * 1024)
  })
})

describe('the paths of the extended form', () => {
  it('are those that it is written with', () => {
    const full = JSON.parse(factoryDataToExtendedJson(stock, { profile: 'wba', policy: 'test' }))
    for (const { field } of factoryDataFields) {
      if (stock[field] === undefined) continue
      const [group = '', member = ''] = extendedPaths[field].split('.')
      expect(full[group], extendedPaths[field]).toHaveProperty(member)
    }
  })
})
