import { beforeAll, describe, expect, it } from 'vitest'
import { faultTable, isFaultName, type FaultName, type SlotFault } from '@keyline/board'
import type { Verdict } from '@keyline/ledger/records'
import { runTestLine, temporaryFolder, type LineRun, type LineRunOptions } from '../support/line.ts'
import { scaled } from '../support/scale.ts'
import { decisionsOf, signatureJitterMs, unitsIn } from './support/outcome.ts'

type Row = readonly [fault: FaultName | `${FaultName}@${number}`, Verdict, reason: string]

/** One board with the fault beside a healthy one. Recovered boards have the reason `complete`. */
const verdicts: readonly Row[] = [
  ['no-probe@4', 'ERROR', 'BOARD_NO_PROBE'],
  ['probe-lost', 'ERROR', 'BOARD_NO_PROBE'],
  ['probe-lost@3', 'QUARANTINE', 'BOARD_NO_PROBE'],
  ['no-target-once', 'PASS', 'complete'],
  ['no-target-once@5', 'PASS', 'complete'],
  ['no-target', 'ERROR', 'BOARD_NO_TARGET'],
  ['no-target@7', 'QUARANTINE', 'BOARD_NO_TARGET'],
  ['programmer-hangs', 'ERROR', 'DEADLINE_PASSED'],
  ['programmer-hangs@8', 'QUARANTINE', 'DEADLINE_PASSED'],
  ['verify-mismatch', 'FAIL', 'BOARD_VERIFY'],
  ['verify-mismatch@3', 'FAIL', 'BOARD_VERIFY'],
  ['write-protected', 'ERROR', 'BOARD_PROTECTED'],
  ['erase-fails', 'ERROR', 'BOARD_ERASE'],
  ['read-protected', 'ERROR', 'STATION_PROTECTED'],
  ['read-protected@2', 'ERROR', 'BOARD_NO_TARGET'],
  ['power-lost', 'ERROR', 'BOARD_NO_TARGET'],
  ['power-lost@3', 'QUARANTINE', 'BOARD_NO_TARGET'],
  ['wrong-firmware', 'ERROR', 'STATION_SYNC_TIMEOUT'],
  ['port-renamed', 'PASS', 'complete'],
  ['record-zero-length', 'FAIL', 'EVIDENCE_DATA'],
  ['record-oversized', 'FAIL', 'EVIDENCE_DATA'],
  ['image-corrupted', 'FAIL', 'EVIDENCE_FIRMWARE'],
  ['image-corrupted@2', 'ERROR', 'STATION_SYNC_TIMEOUT'],
  ['uid-changes', 'QUARANTINE', 'STATION_BOARD_CHANGED'],
  ['uid-changes@1', 'ERROR', 'STATION_BOARD_CHANGED'],
  ['port-busy', 'ERROR', 'STATION_PORT'],
  ['port-busy@2', 'ERROR', 'STATION_PORT'],
  ['port-busy@3', 'QUARANTINE', 'STATION_PORT'],
  ['port-vanishes', 'ERROR', 'STATION_PORT'],
  ['octet-lost', 'PASS', 'complete'],
  ['octet-doubled', 'PASS', 'complete'],
  ['octet-corrupted', 'PASS', 'complete'],
  ['noise', 'PASS', 'complete'],
  ['stale-finish', 'PASS', 'complete'],
  ['finish-in-pieces', 'PASS', 'complete'],
  ['silent', 'ERROR', 'STATION_SYNC_TIMEOUT'],
  ['silent-after-start', 'ERROR', 'STATION_RESULT_TIMEOUT'],
  ['restart-before-commit', 'PASS', 'complete'],
  ['restart-after-commit', 'QUARANTINE', 'STATION_RESULT_TIMEOUT'],
  ['restart-at-message', 'PASS', 'complete'],
  ['csr-bad-signature', 'FAIL', 'STATION_PROOF'],
  ['csr-foreign-vendor', 'FAIL', 'ISSUER_REQUEST_REFUSED'],
  ['flash-refuses', 'FAIL', 'STATION_BOARD_REPORTED'],
  ['stores-nothing', 'FAIL', 'EVIDENCE_DATA'],
  ['finish-at-once', 'ERROR', 'STATION_PROTOCOL'],
  ['proof-other-key', 'FAIL', 'STATION_PROOF'],
  ['flash-bit-flip', 'FAIL', 'EVIDENCE_DATA'],
  ['finish-code', 'FAIL', 'STATION_BOARD_REPORTED'],
  ['finish-code@16', 'QUARANTINE', 'STATION_BOARD_REFUSED'],
  ['finish-code@999', 'QUARANTINE', 'STATION_PROTOCOL'],
  ['ident-other-uid', 'ERROR', 'STATION_BOARD_CHANGED'],
  ['flood', 'ERROR', 'STATION_RESULT_TIMEOUT'],
  ['attestation-other-key', 'FAIL', 'EVIDENCE_ATTESTATION'],
  ['attestation-other-declaration', 'FAIL', 'EVIDENCE_ATTESTATION'],
  ['attestation-other-nonce', 'FAIL', 'EVIDENCE_ATTESTATION'],
]

/** Faults that need a second board; each has a case of its own below. */
const ofTwoBoards: readonly FaultName[] = ['cloned-key', 'csr-of-other-board']

/** Faults of what this line does not use: the output of the programmer, its loaders and scripts, secure storage, attestation. */
const ofOtherFlows: readonly FaultName[] = [
  'exit-zero-on-error',
  'exit-one-on-success',
  'output-cut',
  'output-flood',
  'programmer-crashes',
  'loader-fails',
  'script-fails',
  'script-asks',
  'probe-cloned',
  'secure-storage-refuses',
  'update-corrupted',
  'token-other-nonce',
  'firmware-altered',
  'container-tampered',
  'container-foreign',
  'rsse-stuck',
  'certificate-foreign',
]

/** Rows of provisioning-station section 13; promises P3, P4, P8. */
describe('a board with a fault', () => {
  let undisturbed = 0
  beforeAll(async () => {
    const [decision] = decisionsOf(await runLine({ slots: 1, quantity: 1 }))
    undisturbed = decision?.ms ?? 0
  })

  it.each(verdicts.map(([fault, ...row]) => [rowOf(fault), fault, ...row] as const))(
    '%s %s: %s, %s; its neighbour passes and waits for nothing',
    async (_, fault, verdict, reason) => {
      const run = await runLine({ slots: 2, quantity: 2, faults: [{ slot: 1, ...place(fault) }] })
      const [struck, neighbour] = decisionsOf(run)
      expect(struck).toMatchObject({ slot: 1, verdict, reason })
      expect(neighbour).toMatchObject({ slot: 2, verdict: 'PASS' })
      expect(Math.abs((neighbour?.ms ?? 0) - undisturbed)).toBeLessThanOrEqual(signatureJitterMs)
    },
  )

  it('is in the table above, whatever the fault', () => {
    const others = [...ofTwoBoards, ...ofOtherFlows]
    const names = new Set([...verdicts.map(([fault]) => place(fault).name), ...others])
    expect([...names].toSorted()).toEqual(Object.keys(faultTable).toSorted())
  })

  it('F-32: a line with two probes of one serial number touches no board', async () => {
    const run = runLine({ slots: 2, quantity: 2, faults: [{ slot: 1, name: 'probe-cloned' }] })
    await expect(run).rejects.toThrow(/two probes have the serial number SIM000000001/)
  })

  it('F-23: a second board with the same key is ERROR, the first keeps it', async () => {
    const run = await runLine({ quantity: 2, faults: [{ slot: 1, name: 'cloned-key' }] })
    expect(decisionsOf(run)).toMatchObject([
      { verdict: 'PASS' },
      { verdict: 'ERROR', reason: 'ISSUER_KEY_KNOWN' },
    ])
  })

  it('F-23: the request of another board gets no certificate', async () => {
    const faults = [{ slot: 1, name: 'csr-of-other-board', board: secondBoard } as const]
    expect(decisionsOf(await runLine({ quantity: 2, faults }))).toMatchObject([
      { verdict: 'PASS' },
      { verdict: 'ERROR', reason: 'ISSUER_KEY_KNOWN' },
    ])
  })

  it('F-01: a line with fewer probes than slots touches no board', async () => {
    await using folder = await temporaryFolder()
    const run = runTestLine({
      folder: folder.path,
      slots: 2,
      quantity: 2,
      faults: [{ slot: 1, name: 'no-probe' }],
      boardsInMemory: true,
    })
    await expect(run).rejects.toMatchObject({ code: 'STATION_NO_BOARD' })
    expect(await unitsIn(folder.path)).toEqual([])
  })

  it('F-01: a slot whose probe vanishes between two boards stops, and its unit still misses', async () => {
    const run = await runLine({
      slots: 2,
      quantity: 2,
      faults: [{ slot: 1, name: 'no-probe', at: 2 }],
    })
    expect(decisionsOf(run)).toMatchObject([{ slot: 2, verdict: 'PASS' }])
    expect(run.events).toContainEqual(expect.objectContaining({ type: 'slot-stopped', slot: 1 }))
    expect(run.summary).toMatchObject({ pass: 1, remaining: 1 })
  })
})

/** Promise P3. */
describe('a board that lies', () => {
  it('with any flipped bit in its factory data never passes', async () => {
    const flips = Array.from({ length: scaled(16, 400) }, (_, index) => 1 + index * 83)
    for (const batch of inGroups(flips, 8)) {
      const faults = batch.map(
        (at, index) => ({ slot: index + 1, name: 'flash-bit-flip', at }) as const,
      )
      const run = await runLine({ slots: batch.length, quantity: batch.length, faults })
      for (const { slot, verdict } of decisionsOf(run)) {
        expect({ at: batch[slot - 1], verdict }).toEqual({ at: batch[slot - 1], verdict: 'FAIL' })
      }
    }
  })

  it('with every code but 000 never passes', async () => {
    const codes = [...Array.from({ length: 22 }, (_, code) => code + 1), 100, 255, 998]
    for (const batch of inGroups(codes, 13)) {
      const faults = batch.map(
        (at, index) => ({ slot: index + 1, name: 'finish-code', at }) as const,
      )
      const run = await runLine({ slots: batch.length, quantity: batch.length, faults })
      expect(run.summary.pass).toBe(0)
    }
  })
})

/** Promise P8; fault matrix SER-2, PRG-2. */
describe('one stuck board of sixteen', () => {
  let undisturbed = 0
  beforeAll(async () => {
    const healthy = decisionsOf(await runLine({ slots: 16, quantity: 16 }))
    undisturbed = Math.max(...healthy.map(({ ms }) => ms))
  })

  it.each([
    'silent',
    'silent-after-start',
    'programmer-hangs',
    'programmer-hangs@8',
    'flood',
  ] as const)('(%s) delays no other', async (fault) => {
    const faults = [{ slot: 3, ...place(fault) }]
    const stuck = decisionsOf(await runLine({ slots: 16, quantity: 16, faults }))
    expect(stuck.find(({ slot }) => slot === 3)?.verdict).not.toBe('PASS')
    const others = stuck.filter(({ slot }) => slot !== 3)
    expect(others.map(({ verdict }) => verdict)).toEqual(Array(15).fill('PASS'))
    for (const { ms } of others) {
      expect(Math.abs(ms - undisturbed)).toBeLessThanOrEqual(signatureJitterMs)
    }
  })
})

/** The board with which a slot begins is replaced before the first unit: the first unit gets board 2. */
const secondBoard = 3

async function runLine(options: Omit<LineRunOptions, 'folder'>): Promise<LineRun> {
  await using folder = await temporaryFolder()
  return await runTestLine({ folder: folder.path, boardsInMemory: true, ...options })
}

function place(fault: string): Pick<SlotFault, 'name' | 'at'> {
  const [name = '', at] = fault.split('@')
  if (!isFaultName(name)) throw new Error(`there is no fault ${name}`)
  return at === undefined ? { name } : { name, at: Number(at) }
}

function rowOf(fault: string): string {
  return faultTable[place(fault).name].row
}

function inGroups<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
