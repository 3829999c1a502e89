import { injectedInto, type Outputs } from '../output/outputs.ts'
import type { Violation } from '../violation.ts'

/** Injected faults that are the board's own: only after one of them may it be called bad. Rows: provisioning-station section 13. */
const faultsOfBoard: ReadonlySet<string> = new Set([
  'verify-mismatch',
  'image-corrupted',
  'update-corrupted',
  'csr-bad-signature',
  'csr-foreign-vendor',
  'csr-of-other-board',
  'secure-storage-refuses',
  'flash-refuses',
  'stores-nothing',
  'flash-bit-flip',
  'proof-other-key',
  'attestation-other-key',
  'attestation-other-declaration',
  'attestation-other-nonce',
  'record-zero-length',
  'record-oversized',
  'token-other-nonce',
  'firmware-altered',
  'container-tampered',
  'container-foreign',
  'certificate-foreign',
  'finish-code',
  'finish-at-once',
])

/** P4: trouble around a board is never FAIL. Says nothing where it is not known what was injected. */
export function checkNoFalseFail(outputs: Outputs): readonly Violation[] {
  const { ledger, boards, injected } = outputs
  if (injected === undefined) return []
  const failed = ledger.verdicts.filter(({ verdict }) => verdict === 'FAIL')
  return failed.flatMap((row): readonly Violation[] => {
    const unit = ledger.units.find(({ id }) => id === row.unit_id)
    const board = boards.find(({ uid }) => uid === unit?.board_uid)
    const own = board === undefined ? [] : injectedInto(outputs, board)
    if (own.some(({ name }) => faultsOfBoard.has(name))) return []
    const names = own.map(({ name }) => name).join(', ')
    const message = `is FAIL, its board ${board?.uid ?? ''} had ${names === '' ? 'no fault' : names}: ${row.document.slice(0, 300)}`
    return [{ promise: 'P4', place: `unit ${unit?.serial_number ?? row.unit_id}`, message }]
  })
}
