import { RecordTag } from '../output/board-flash.ts'
import { readCertificate } from '../output/certificate.ts'
import { hexOf, sha256Hex } from '../output/octets.ts'
import { isCorrupted, isDisguised, recordsOf, type Outputs } from '../output/outputs.ts'
import type { Violation } from '../violation.ts'

/** Records that no two boards may share. A passcode may be equal by chance; its salt and verifier may not. */
const ofOneBoard = ['dac', 'privateKey', 'publicKey', 'salt', 'verifier', 'serialNumber'] as const

/** P1: no certificate serial, DAC key, device serial or board belongs to two units; nothing is copied. */
export function checkUniqueness(outputs: Outputs): readonly Violation[] {
  const { units, certificates } = outputs.ledger
  const parsed = certificates.map((row) => ({ row, ...readCertificate(row.der) }))
  const live = units.filter((unit) => unit.live === 1)
  const isLive = new Set(live.map(({ id }) => id))
  return [
    ...repeated('certificate serial', parsed, ({ row, x509 }) => [
      x509.issuer + x509.serialNumber,
      row.sha256,
    ]),
    ...repeated('DAC key', parsed, ({ row, spki }) => [sha256Hex(spki), row.sha256]),
    ...repeated('device serial', units, (unit) => [unit.serial_number, unit.id]),
    ...repeated(
      'board',
      live.filter((unit) => unit.board_uid !== null),
      (unit) => [unit.board_uid ?? '', unit.id],
    ),
    ...repeated(
      'live certificate of one unit',
      certificates.filter((row) => row.state === 'live' && isLive.has(row.unit_id)),
      (row) => [row.unit_id, row.sha256],
    ),
    ...checkBoards(outputs),
  ]
}

/** What two boards hold alike, and boards that hold the identity of another board's unit. */
function checkBoards(outputs: Outputs): readonly Violation[] {
  const boards = outputs.boards.map((board) => ({ board, records: recordsOf(outputs, board) }))
  const copied = ofOneBoard.flatMap((name) =>
    repeated(
      `${name} in flash`,
      boards.filter(({ records }) => records.has(RecordTag[name])),
      ({ board, records }) => [hexOf(records.get(RecordTag[name]) ?? new Uint8Array()), board.uid],
    ),
  )
  const foreign = boards.flatMap(({ board, records }): readonly Violation[] => {
    const text = records.get(RecordTag.serialNumber)
    if (text === undefined || isCorrupted(outputs, board)) return []
    const serialNumber = Buffer.from(text).toString('utf8')
    const owner = outputs.ledger.units.find((unit) => unit.serial_number === serialNumber)
    if (owner?.board_uid === board.uid || isDisguised(outputs, board)) return []
    const whose =
      owner === undefined ? 'no unit of the ledger' : `the unit of board ${owner.board_uid}`
    return [
      { promise: 'P1', place: `board ${board.uid}`, message: `holds ${serialNumber} of ${whose}` },
    ]
  })
  return [...copied, ...foreign]
}

/** One violation for each value that belongs to more than one owner. */
function repeated<T>(
  what: string,
  items: readonly T[],
  valueAndOwner: (item: T) => readonly [value: string, owner: string],
): readonly Violation[] {
  const owners = new Map<string, string[]>()
  for (const item of items) {
    const [value, owner] = valueAndOwner(item)
    owners.set(value, [...(owners.get(value) ?? []), owner])
  }
  return [...owners]
    .filter(([, names]) => names.length > 1)
    .map(([value, names]) => ({
      promise: 'P1',
      place: `${what} ${value.slice(0, 40)}`,
      message: `belongs to ${names.join(' and ')}`,
    }))
}
