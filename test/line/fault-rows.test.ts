import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFaultName, type FaultName, type SlotFault } from '@keyline/board'
import { systemClock } from '@keyline/bytes'
import type { Verdict } from '@keyline/ledger/records'
import { decodeImage } from '@keyline/matter'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { flowCases, runFlow, type FlowCase } from './support/flow-line.ts'
import { decisionOf, unitsIn } from './support/outcome.ts'

type Flow = keyof typeof flowCases | 'wba1unregressed' | 'wba0texts'

type Row = readonly [
  id: `F-${number}`,
  flow: Flow,
  faults: string,
  verdict: Verdict,
  /** Code of the reason. */
  reason: string,
]

const flows: Readonly<Record<Flow, FlowCase>> = {
  ...flowCases,
  wba1unregressed: {
    ...flowCases.wba1,
    name: 'WBA6 security 1 without regression',
    order: { scripts: { regression: false } },
  },
  wba0texts: { ...flowCases.wba0, name: 'WBA6 security 0 by the texts of the programmer' },
}

/**
 * Provisioning-station section 13 on the flows with scripts, slots, loaders, coprocessor and secure storage, and on the
 * texts of the programmer. The flow without any of them has its own table in `verdicts.test.ts`.
 */
const rows: readonly Row[] = [
  ['F-01', 'wba1', 'probe-lost@5', 'ERROR', 'BOARD_NO_PROBE'],
  ['F-01', 'wba1', 'probe-lost@6', 'QUARANTINE', 'BOARD_NO_PROBE'],
  ['F-01', 'wb55', 'probe-lost@1', 'ERROR', 'BOARD_NO_PROBE'],
  ['F-02', 'wba0texts', 'no-target-once@3', 'PASS', 'complete'],
  ['F-02', 'u5', 'no-target-once', 'PASS', 'complete'],
  ['F-02', 'wb55both', 'no-target-once', 'PASS', 'complete'],
  ['F-03', 'wba0texts', 'no-target', 'ERROR', 'STATION_PROGRAMMER'],
  ['F-03', 'wba2', 'no-target', 'ERROR', 'BOARD_SCRIPT'],
  ['F-04', 'wba0texts', 'exit-zero-on-error@3 write-protected', 'ERROR', 'STATION_PROGRAMMER'],
  ['F-05', 'wba0texts', 'exit-one-on-success@3', 'PASS', 'complete'],
  ['F-06', 'wba1', 'programmer-hangs@2', 'ERROR', 'DEADLINE_PASSED'],
  ['F-07', 'wba0texts', 'output-cut@3', 'ERROR', 'STATION_PROGRAMMER'],
  ['F-08', 'wba0texts', 'verify-mismatch', 'FAIL', 'STATION_VERIFY'],
  ['F-08', 'wba1', 'verify-mismatch@6', 'FAIL', 'BOARD_VERIFY'],
  ['F-08', 'wb55', 'verify-mismatch', 'FAIL', 'BOARD_VERIFY'],
  ['F-09', 'wba0texts', 'write-protected', 'ERROR', 'STATION_PROGRAMMER'],
  ['F-09', 'u5', 'write-protected@6', 'QUARANTINE', 'BOARD_PROTECTED'],
  ['F-10', 'wba1', 'loader-fails', 'QUARANTINE', 'BOARD_LOADER'],
  ['F-10', 'wb55', 'loader-fails', 'ERROR', 'BOARD_LOADER'],
  ['F-11', 'wba1unregressed', 'read-protected', 'ERROR', 'STATION_PROTECTED'],
  ['F-11', 'wba1unregressed', 'read-protected@2', 'ERROR', 'BOARD_NO_TARGET'],
  ['F-11', 'wba1', 'read-protected', 'PASS', 'complete'],
  ['F-11', 'wba1', 'read-protected@2', 'PASS', 'complete'],
  ['F-11', 'u5', 'read-protected@2', 'PASS', 'complete'],
  ['F-11', 'wb55', 'read-protected', 'ERROR', 'STATION_PROTECTED'],
  ['F-12', 'wba1', 'script-fails', 'ERROR', 'BOARD_SCRIPT'],
  ['F-12', 'wba2', 'script-fails@2', 'ERROR', 'BOARD_SCRIPT'],
  ['F-12', 'u5', 'script-asks', 'ERROR', 'BOARD_SCRIPT'],
  ['F-13', 'wba1', 'power-lost@6', 'QUARANTINE', 'BOARD_NO_TARGET'],
  ['F-13', 'wb55production', 'power-lost@3', 'QUARANTINE', 'BOARD_NO_TARGET'],
  ['F-14', 'wba1', 'update-corrupted', 'FAIL', 'EVIDENCE_UPDATE'],
  ['F-14', 'wba2', 'update-corrupted', 'FAIL', 'EVIDENCE_UPDATE'],
  ['F-14', 'u5', 'update-corrupted', 'FAIL', 'EVIDENCE_UPDATE'],
  ['F-14', 'wba1', 'image-corrupted@6', 'FAIL', 'EVIDENCE_FIRMWARE'],
  ['F-14', 'wba1', 'image-corrupted@7', 'FAIL', 'EVIDENCE_UPDATE'],
  ['F-15', 'wba1', 'wrong-firmware', 'ERROR', 'STATION_SYNC_TIMEOUT'],
  ['F-15', 'wb55', 'wrong-firmware', 'ERROR', 'STATION_SYNC_TIMEOUT'],
  ['F-16', 'u5', 'port-busy', 'ERROR', 'STATION_PORT'],
  ['F-16', 'wba2', 'port-renamed@4', 'PASS', 'complete'],
  ['F-16', 'wb55', 'port-vanishes', 'ERROR', 'STATION_PORT'],
  [
    'F-17',
    'wb55production',
    'octet-lost octet-doubled@300 octet-corrupted@600',
    'PASS',
    'complete',
  ],
  ['F-17', 'wba2', 'octet-corrupted', 'PASS', 'complete'],
  ['F-18', 'wba1', 'stale-finish', 'PASS', 'complete'],
  ['F-18', 'wb55', 'stale-finish', 'PASS', 'complete'],
  ['F-19', 'wba2', 'finish-in-pieces', 'PASS', 'complete'],
  ['F-20', 'wba1', 'silent', 'ERROR', 'STATION_SYNC_TIMEOUT'],
  ['F-20', 'wb55production', 'silent-after-start', 'ERROR', 'STATION_RESULT_TIMEOUT'],
  ['F-21', 'wba2', 'restart-before-commit', 'PASS', 'complete'],
  ['F-21', 'wb55production', 'restart-before-commit', 'PASS', 'complete'],
  ['F-21', 'wba2', 'restart-after-commit', 'QUARANTINE', 'STATION_RESULT_TIMEOUT'],
  ['F-22', 'wba2', 'csr-bad-signature', 'FAIL', 'STATION_PROOF'],
  ['F-22', 'u5', 'csr-foreign-vendor', 'FAIL', 'ISSUER_REQUEST_REFUSED'],
  ['F-25', 'wba2', 'secure-storage-refuses', 'FAIL', 'STATION_BOARD_REPORTED'],
  ['F-25', 'wb55production', 'secure-storage-refuses', 'FAIL', 'STATION_BOARD_REPORTED'],
  ['F-26', 'wba1', 'stores-nothing', 'FAIL', 'EVIDENCE_DATA'],
  ['F-26', 'wb55production', 'stores-nothing', 'FAIL', 'EVIDENCE_DATA'],
  ['F-27', 'wba2', 'proof-other-key', 'FAIL', 'STATION_PROOF'],
  ['F-27', 'wb55production', 'attestation-other-key', 'FAIL', 'EVIDENCE_ATTESTATION'],
  ['F-31', 'u5', 'record-zero-length', 'FAIL', 'EVIDENCE_DATA'],
  ['F-31', 'wb55', 'record-oversized', 'FAIL', 'EVIDENCE_DATA'],
]

/** Rows that belong to the station around the boards: the file and the words of the test that covers them. */
const elsewhere = {
  'F-23': ['verdicts.test.ts', 'F-23: a second board with the same key is ERROR'],
  'F-24': ['issuer-faults.test.ts', 'that never answers is given up after 25 s'],
  'F-28': ['interrupt.test.ts', 'at every event of a board leaves a verdict that fits'],
  'F-29': ['disk-full.test.ts', 'below the reserve is refused before a board is touched'],
  'F-30': ['clock.test.ts', 'before the build date touches no board'],
  'F-32': [
    'verdicts.test.ts',
    'F-32: a line with two probes of one serial number touches no board',
  ],
} as const

describe('a board with a fault', () => {
  it.each(rows)('%s on %s, %s: %s, %s', async (id, flow, faults, verdict, reason) => {
    await using folder = await temporaryFolder()
    const run = await runFlow(flows[flow], {
      folder: folder.path,
      faults: faultsOf(faults),
      ...(flow === 'wba0texts' ? { readsTexts: true, clock: systemClock, timing: 'none' } : {}),
    })
    using bench = run.bench
    expect(decisionOf(run)).toMatchObject({ verdict, reason })
    const [report] = await unitsIn(folder.path)
    const live = report?.certificates.filter(({ state }) => state === 'live') ?? []
    expect(live.length > 0).toBe(verdict === 'PASS' || verdict === 'QUARANTINE')
    expect(bench.board(1).crash).toBeUndefined()
    expect(id).toMatch(/^F-\d\d$/)
  })

  it('F-25: its flash is as it was, and so is the key that was there', async () => {
    await using folder = await temporaryFolder()
    const faults = faultsOf('secure-storage-refuses')
    const run = await runFlow(flowCases.wb55production, { folder: folder.path, faults })
    using bench = run.bench
    const { factoryDataAddress, size } = bench.board(1).part.factoryData
    const { data } = decodeImage(bench.board(1).flash.read(factoryDataAddress, size))
    expect(data).toMatchObject({ vendorId: 0xfff1, productId: 0x8004 })
    expect(data.dacCertificate).toBeUndefined()
    expect(data.dacPublicKey).toBeUndefined()
    expect(bench.board(1).customerKeys?.isWritten(1)).toBe(false)
  })

  it.each([
    ['record-zero-length', 'FD-006'],
    ['record-oversized', 'FD-007'],
  ] as const)('F-31: %s is reported as %s, not as a missing field', async (name, problem) => {
    await using folder = await temporaryFolder()
    const faults = [{ slot: 1, name }]
    const run = await runFlow(flowCases.wba1, { folder: folder.path, faults })
    using _bench = run.bench
    const [report] = await unitsIn(folder.path)
    const wrong = report?.verdict?.evidence.filter(({ ok }) => !ok)
    expect(wrong).toMatchObject([{ kind: 'data', facts: { problem } }])
  })

  it('F-13: is completed by the next run when its power is back', async () => {
    await using folder = await temporaryFolder()
    const { path } = folder
    const first = await runFlow(flowCases.wba1, { folder: path, faults: faultsOf('power-lost@6') })
    using bench = first.bench
    bench.replug(1)
    const { clock } = first
    const second = await runFlow(flowCases.wba1, { folder: path, bench, clock, resume: true })
    expect(decisionOf(second)).toMatchObject({
      unit: decisionOf(first).unit,
      verdict: 'PASS',
    })
  })

  it('has a test for every row of the table', () => {
    const covered = new Set<string>([...rows.map(([id]) => id), ...Object.keys(elsewhere)])
    const wanted = Array.from(
      { length: 32 },
      (_, index) => `F-${String(index + 1).padStart(2, '0')}`,
    )
    expect(wanted.filter((id) => !covered.has(id))).toEqual([])
    for (const [file, words] of Object.values(elsewhere)) {
      expect(readFileSync(join(import.meta.dirname, file), 'utf8')).toContain(words)
    }
  })
})

/** `NAME` or `NAME@PLACE`, with blanks between. */
function faultsOf(text: string): readonly SlotFault[] {
  return text.split(' ').map((word) => {
    const [name = '', at] = word.split('@')
    const known: FaultName = requireFault(name)
    return { slot: 1, name: known, ...(at === undefined ? {} : { at: Number(at) }) }
  })
}

function requireFault(name: string): FaultName {
  if (isFaultName(name)) return name
  throw new Error(`there is no fault ${name}`)
}
