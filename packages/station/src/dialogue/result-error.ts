import { boardResultOf, boardResults, resultCodeText, type BoardResult } from '@keyline/matter/pxp'
import { StationError } from '../errors.ts'

/** Results that say nothing bad of the board: its mode, its state, the line or the host. */
const notTheBoard: ReadonlySet<BoardResult> = new Set([
  'protocolError',
  'hostTimeout',
  'alreadyProvisioned',
  'modeUnsupported',
  'noSecureStore',
])

/** What a `finish:NNN` other than 000 means for the flow. Source: provisioning-station section 6.4. */
export function resultError(code: number): StationError {
  const result = boardResultOf(code)
  const number = `finish:${String(code).padStart(3, '0')} (${resultCodeText(code)})`
  if (result === undefined) {
    return new StationError('STATION_PROTOCOL', `the board reported ${number}, which no table has`)
  }
  const message = `the board reported ${number} ${result}: ${boardResults[result].meaning}`
  const errorCode = notTheBoard.has(result) ? 'STATION_BOARD_REFUSED' : 'STATION_BOARD_REPORTED'
  return new StationError(errorCode, message, { details: { result } })
}
