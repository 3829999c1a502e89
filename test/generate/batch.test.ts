import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BytesError, hasErrors, systemRandom } from '@keyline/bytes'
import { openStation } from '@keyline/cli/wiring'
import {
  checkFactoryData,
  decodeImage,
  decodeManualCode,
  decodeQrPayload,
  profiles,
  type FactoryData,
} from '@keyline/matter'
import { plainLines, readUnits, sealedLines, type UnitRecord } from '@keyline/station'
import { parseCertificate } from '@keyline/x509'
import { writeTestPki } from '../cli/support/pki.ts'
import { homeOf, temporaryFolder, writeOrder } from '../support/line.ts'
import { mountSmallDisk } from '../ledger/support/small-disk.ts'
import { auditBatch } from './support/audit.ts'
import { generateAt, loadTestOrder, type Change, type Place } from './support/place.ts'

let place: Place
let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeEach(async () => {
  folder = await temporaryFolder('keyline-generate')
  place = await placeIn(folder.path)
})
afterEach(() => folder[Symbol.asyncDispose]())

async function placeIn(path: string, quantity = 1000): Promise<Place> {
  const pki = await writeTestPki(join(path, 'pki'))
  return { folder: path, order: await writeOrder(path, { quantity }), pki }
}

async function unitsOf(file: string, batch: string, units: number): Promise<readonly UnitRecord[]> {
  const station = await openStation({ home: homeOf(place.folder), policy: 'test' })
  try {
    const key = { key: station.storeKey, random: systemRandom, batch }
    const lines = file.endsWith('.sealed.jsonl') ? sealedLines(key) : plainLines
    const records: UnitRecord[] = []
    for await (const record of readUnits({ path: file, lines, first: 1, last: units })) {
      records.push(record)
    }
    return records
  } finally {
    await station.close()
  }
}

const dataOf = ({ image }: UnitRecord): FactoryData => decodeImage(image).data

/** A signature is drawn anew each time: certificates are the same but for it. */
const withoutSignature = ({ dacCertificate, paiCertificate, ...rest }: FactoryData): unknown => [
  rest,
  dacCertificate?.length !== 0,
  paiCertificate?.length !== 0,
]

const serialNumbers = (records: readonly UnitRecord[]): readonly Uint8Array[] =>
  records.map(
    (unit) => parseCertificate(dataOf(unit).dacCertificate ?? new Uint8Array()).serialNumber,
  )

describe('a batch', () => {
  it('has complete data sets that keep every rule, and labels that say the same', async () => {
    const { batch, file, units } = await generateAt(place)
    for (const record of await unitsOf(file, batch, units)) {
      const data = dataOf(record)
      const findings = await checkFactoryData(data, {
        profile: profiles.wba,
        mode: 'reconfigure',
        policy: 'test',
      })
      expect(hasErrors(findings)).toBe(false)
      const { passcode, discriminator, serialNumber } = record
      expect(data).toMatchObject({ passcode, discriminator, serialNumber, iterations: 1000 })
      const label = { passcode, discriminator, vendorId: 0xfff1, productId: 0x8004 }
      expect(decodeQrPayload(record.qr)).toMatchObject([label])
      expect(decodeManualCode(record.manual)).toMatchObject({
        passcode,
        shortDiscriminator: discriminator >> 8,
      })
      const { notAfter } = parseCertificate(data.dacCertificate ?? new Uint8Array())
      const pai = parseCertificate(data.paiCertificate ?? new Uint8Array())
      expect(notAfter).toEqual(pai.notAfter)
    }
    expect(await auditBatch(place, { file, units })).toEqual([])
  })

  it('rests sealed, readable by its owner alone, or plain when it was asked for', async () => {
    const sealed = await generateAt(place)
    const plain = await generateAt(place, { isSealed: false })
    expect(plain.file).toBe(join(place.folder, 'units', 'units.jsonl'))
    const [record] = await unitsOf(sealed.file, sealed.batch, 1)
    const text = await readFile(sealed.file, 'utf8')
    for (const secret of [record?.qr ?? 'none', String(record?.passcode), record?.manual ?? '-']) {
      expect(text).not.toContain(secret)
    }
    for (const { file } of [sealed, plain]) expect((await stat(file)).mode & 0o777).toBe(0o600)
    const [first] = await unitsOf(plain.file, plain.batch, 10)
    expect(await readFile(plain.file, 'utf8')).toContain(first?.qr)
    expect(first?.serialNumber).toBe('T-000011')
  })

  it('opens no line under another number, in another batch or with another key', async () => {
    const { batch, file } = await generateAt(place)
    const [, first = '', second = ''] = (await readFile(file, 'utf8')).split('\n')
    const station = await openStation({ home: homeOf(place.folder), policy: 'test' })
    const key = { key: station.storeKey, random: systemRandom, batch }
    expect(sealedLines(key).read(first)).toMatchObject({ unit: 1 })
    const moved = second.replace('"unit":2', '"unit":1')
    expect(() => sealedLines(key).read(moved)).toThrow(/could not be opened/)
    const other = sealedLines({ ...key, batch: '0'.repeat(16) })
    expect(() => other.read(first)).toThrow(/could not be opened/)
    await station.close()
  })

  it('draws the same units from the same seed, whatever the chunks, and no ledger takes them twice', async () => {
    const twin = await placeIn(join(place.folder, 'twin'))
    const first = await generateAt(place, { seed: 'seed of the test' })
    const again = await generateAt(twin, { seed: 'seed of the test', chunkUnits: 3 })
    const units = await unitsOf(first.file, first.batch, 10)
    place = twin
    const twins = await unitsOf(again.file, again.batch, 10)
    expect(twins.map((unit) => withoutSignature(dataOf(unit)))).toEqual(
      units.map((unit) => withoutSignature(dataOf(unit))),
    )
    expect(serialNumbers(twins)).toEqual(serialNumbers(units))
    await expect(
      generateAt(twin, { seed: 'seed of the test', out: join(twin.folder, 'second') }),
    ).rejects.toMatchObject({ code: 'LEDGER_KEY_TAKEN' })
  })

  it('takes its iterations and its profile', async () => {
    const change = { iterations: 1500, profile: 'wb55', units: 1 } as const
    const { batch, file } = await generateAt(place, change)
    const [record] = await unitsOf(file, batch, 1)
    expect(record && dataOf(record)).toMatchObject({ iterations: 1500 })
    expect(await readFile(file, 'utf8')).toContain('"profile":"wb55"')
  })

  it('goes on where Ctrl+C left it', async () => {
    const controller = new AbortController()
    const interrupted = generateAt(place, {
      signal: controller.signal,
      onRecorded: (recorded) => {
        if (recorded === 4) controller.abort(new BytesError('INTERRUPTED', 'by the test'))
      },
    })
    await expect(interrupted).rejects.toMatchObject({ code: 'INTERRUPTED' })
    const resumed = await generateAt(place, { resume: true })
    expect(resumed).toMatchObject({ before: 4, units: 10 })
    expect(await auditBatch(place, resumed)).toEqual([])
    const again = await generateAt(place, { resume: true })
    expect(again).toMatchObject({ before: 10 })
    expect(await auditBatch(place, again)).toEqual([])
  })

  it('stops at a full disk with what it has, and goes on when there is room', async () => {
    using disk = mountSmallDisk(1)
    const out = join(disk.folder, 'units')
    disk.leave(20_000)
    await expect(generateAt(place, { out })).rejects.toMatchObject({
      code: 'STATION_DISK_FULL',
      message: expect.stringContaining(out),
    })
    disk.leave(200_000)
    const resumed = await generateAt(place, { out, resume: true })
    expect(resumed.before).toBe(4)
    expect(await auditBatch(place, resumed)).toEqual([])
  })
})

describe('a batch is refused', () => {
  const refusals: readonly (readonly [string, string, Change])[] = [
    ['with more units than the order has', 'LEDGER_QUOTA', { units: 1001 }],
    ['without a file to go on with', 'CLI_FILE', { resume: true }],
    ['without its PKI', 'CLI_NO_PKI', { pkiFolder: 'nowhere' }],
  ]
  it.each(refusals)('%s (%s), and leaves nothing behind', async (_, code, change) => {
    await expect(generateAt(place, change)).rejects.toMatchObject({ code })
    const made = await generateAt(place)
    expect(made.before).toBe(0)
    expect(await auditBatch(place, made)).toEqual([])
  })

  it('over a file that exists, and under other options than it was begun with', async () => {
    await generateAt(place)
    await expect(generateAt(place)).rejects.toMatchObject({ code: 'CLI_EXISTS' })
    const other: Change = { resume: true, units: 11, iterations: 2000, profile: 'u5' }
    await expect(generateAt(place, other)).rejects.toMatchObject({
      code: 'CLI_BATCH_DIFFERS',
      message: expect.stringContaining(
        'units 10, not 11; profile wba, not u5; iterations 1000, not 2000',
      ),
    })
  })

  it('under the policy production, whose keys are made on the boards', async () => {
    const { prepared, findings } = await loadTestOrder(place.order)
    const order = { ...prepared.order, policy: 'production' as const }
    const loaded = { findings, prepared: { ...prepared, order } }
    await expect(generateAt(place, { loaded })).rejects.toMatchObject({
      code: 'CLI_USAGE',
      remedy: expect.stringContaining('keyline provision'),
    })
  })

  it('when its file lost what the ledger has', async () => {
    const { file } = await generateAt(place)
    const octets = await readFile(file)
    const spoilt = Buffer.from(octets)
    spoilt[octets.length - 40] = 0x21
    for (const content of [spoilt, octets.subarray(0, octets.length - 1), octets.subarray(0, 20)]) {
      await writeFile(file, content)
      await expect(generateAt(place, { resume: true })).rejects.toMatchObject({
        code: 'STATION_BATCH_BROKEN',
      })
    }
    await writeFile(file, octets)
    expect(await generateAt(place, { resume: true })).toMatchObject({ before: 10 })
  })
})
