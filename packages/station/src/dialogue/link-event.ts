import { decodeUtf8 } from '@keyline/bytes'
import type { Message } from '@keyline/matter/pxp'
import { StationError } from '../errors.ts'
import type { Keyword } from './keyword-scanner.ts'
import { resultError } from './result-error.ts'

/** What arrives from the board: messages of the session, keywords, or the end of the line. */
export type LinkEvent =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'keyword'; readonly keyword: Keyword }
  | { readonly kind: 'closed'; readonly error: StationError }

/** True for log text in a message, which may come at any time and means nothing. */
export function isLog(event: LinkEvent): boolean {
  return event.kind === 'message' && event.message.type === 'LOG'
}

/** True when the session cannot go on: the board has ended it, has begun anew, or is gone. */
export function endsSession(event: LinkEvent): boolean {
  return event.kind !== 'message' || event.message.type === 'ABORT'
}

/** What an event means that is not the one whose turn it is. `place` says where, as in `while it was sent DAC`. */
export function outOfTurn(event: LinkEvent, place: string): StationError {
  switch (event.kind) {
    case 'closed':
      return event.error
    case 'message':
      return event.message.type === 'ABORT'
        ? protocolError(`the board aborted ${place}: ${reasonOf(event.message.payload)}`)
        : protocolError(`the board sent ${event.message.type} ${place}`)
    case 'keyword':
      if (event.keyword.kind === 'start') {
        return new StationError('STATION_RESTARTED', `the board restarted ${place}`)
      }
      return event.keyword.code === 0
        ? protocolError(`the board reported success ${place}`)
        : resultError(event.keyword.code)
    default:
      return event satisfies never
  }
}

function protocolError(message: string): StationError {
  return new StationError('STATION_PROTOCOL', message)
}

function reasonOf(payload: Uint8Array): string {
  try {
    return decodeUtf8(payload)
      .slice(0, 120)
      .replace(/[^\x20-\x7e]/g, '?')
  } catch {
    return 'no readable reason'
  }
}
