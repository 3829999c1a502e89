import { canonicalJson, decodeUtf8, encodeUtf8, parseJson } from '@keyline/bytes'
import { buildFirmwareImage, FirmwareKind, parseFault, readFirmwareHeader } from '@keyline/board'
import { auditLines, verifyAuditExport } from '@keyline/ledger'
import { chainHash, chainStart, SlotsFile } from '@keyline/ledger/records'
import { encodeImage } from '@keyline/matter'
import {
  judgeCall,
  labelOfReadBack,
  labelSvg,
  planOf,
  proveJournal,
  readCommandLine,
  readList,
  resolveOptions,
} from '@keyline/station'
import { expectLaw, textTarget, type FuzzTarget } from './target.ts'
import { vectorTexts } from './vector-seeds.ts'

/** What the line wrote itself and reads again, after a crash or years later. */
export const lineTargets: readonly FuzzTarget[] = [
  {
    name: 'journal',
    seeds: () => [chained(journalRecords)],
    run: (octets) => {
      const { soundLength, tornOctets } = proveJournal(octets, 'journal')
      expectLaw(soundLength + tornOctets === octets.length, 'every octet is sound or torn')
    },
  },
  {
    name: 'audit-export',
    seeds: () => [chained(auditRecords)],
    run: async (octets) => {
      const { findings, lines } = await verifyAuditExport(auditLines(oneChunk(octets)))
      if (findings.length > 0) return
      const untouched = chained(auditRecords.slice(0, lines))
      expectLaw(isSameContent(octets, untouched), 'a change is found')
    },
  },
  {
    name: 'firmware-header',
    seeds: () => [buildFirmwareImage(firmware)],
    run: (octets) => readFirmwareHeader(octets),
  },
  textTarget(
    'fault',
    () => ['no-probe', 'probe-lost@3'],
    (text) => parseFault(text),
  ),
  textTarget(
    'programmer-output',
    () => vectorTexts('matter/programmer-cli/outputs.json', 'stdout'),
    (text) => {
      const { ports, probes } = readList(text)
      const serials = new Set(probes.map(({ serial }) => serial))
      const isMatched = ports.every(
        ({ probe, serial }) => !probe || (serial !== null && serials.has(serial)),
      )
      expectLaw(isMatched, 'a port of a probe is that of a listed one')
      const { ok, error } = judgeCall([{ cmd: 'reset' }], text)
      expectLaw(ok === (error === undefined), 'a call succeeds or has a class')
    },
  ),
  textTarget(
    'programmer-words',
    () => ['-c port=SWD mode=UR -d a.bin 0x08000000 -v', '-c port=SWD -ob RDP=0xAA -e [1 2]'],
    (text) => void readCommandLine(text.split(' ')),
  ),
  textTarget(
    'gen-factory-data',
    () => [
      '--provisioning 1 --security 1 --platform u5 --json a --flashAddr 0x81EC000 --flashAppFW b --AppFwAddr 0x08100000 --provisioning_script c --flashMagicTrailer d --flashMagicTrailerAddr 0x081E5FF0',
      '--provisioning 0 --binary=a -fa 1 --allow-address -v --rdp 2',
    ],
    (text) => {
      const { options } = resolveOptions(text.split(' '), () => true)
      if (options === undefined) return
      expectLaw(planOf(options, 'COM1').length > 1, 'a command line that is sound has a plan')
    },
  ),
  {
    name: 'label',
    seeds: () => [
      encodeImage({
        ...labelOrder.product,
        serialNumber: 'KL-1',
        discriminator: 0xabc,
        passcode: 20202021,
      }),
    ],
    run: (readBack) => {
      const svg = labelSvg(labelOfReadBack({ readBack, order: labelOrder, passcode: 20202021 }))
      const elements = svg.match(/<[^>]*>/g) ?? []
      expectLaw(elements.length === 12, 'a label has its elements and no other')
    },
  },
  textTarget(
    'slots-file',
    () => ['{"format":"keyline-slots/1","slots":[{"slot":1,"probe":"A","location":"1-2.4"}]}'],
    (text) => {
      const read = SlotsFile.safeParse(parseJson(text, 'slots.json'))
      const probes = read.data?.slots.map(({ probe }) => probe) ?? []
      expectLaw(new Set(probes).size === probes.length, 'each probe is bound once')
    },
  ),
]

const labelOrder = {
  product: {
    vendorId: 0xfff1,
    productId: 0x8004,
    vendorName: 'Vendor',
    productName: 'Lamp',
    hardwareVersion: 1,
    hardwareVersionString: 'A',
  },
  commissioning: { iterations: 1000, flow: 0, discovery: ['ble' as const], storePasscode: true },
}

const firmware = {
  kind: FirmwareKind.application,
  name: 'application',
  version: '1.0.0',
  size: 600,
} as const

const time = '2026-06-01T00:00:00Z'

const journalRecords = [
  { type: 'open', run: 'r1', order: 'o1', data: { version: 1 } },
  { type: 'intent', run: 'r1', unit: 'u1', slot: 1, step: 'flash', data: {} },
  { type: 'outcome', run: 'r1', unit: 'u1', slot: 1, step: 'flash', data: { ok: true } },
] as const

const auditRecords = [
  { type: 'order.created', actor: 'station', data: { order: 'o1', quantity: 8 } },
  { type: 'unit.reserved', actor: 'station', data: { unit: 'u1' } },
  { type: 'certificate.issued', actor: 'issuer', data: { unit: 'u1', serial: '51' } },
] as const

/** JSON lines, each with its place and the hash that chains it to the one before. */
function chained(
  records: readonly (typeof journalRecords | typeof auditRecords)[number][],
): Uint8Array {
  let previous = chainStart
  const lines = records.map((record, index) => {
    const numbered = { seq: index + 1, time, ...record }
    previous = chainHash(previous, numbered)
    return `${JSON.stringify({ ...numbered, hash: previous })}\n`
  })
  return encodeUtf8(lines.join(''))
}

/** The spelling of a line does not matter, its content does. */
function isSameContent(a: Uint8Array, b: Uint8Array): boolean {
  const [first, second] = [a, b].map((octets) =>
    decodeUtf8(octets)
      .trimEnd()
      .split('\n')
      .map((line) => (line === '' ? '' : canonicalJson(parseJson(line, 'line'))))
      .join('\n'),
  )
  return first === second
}

async function* oneChunk(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  yield octets
}
