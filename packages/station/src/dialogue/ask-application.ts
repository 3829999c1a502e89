import { pxpLimits, type MessageType } from '@keyline/matter/pxp'
import { StationError } from '../errors.ts'
import { isLog, outOfTurn } from './link-event.ts'
import type { PxpLink } from './pxp-link.ts'

/** Sends a question to the application. @throws StationError `STATION_ANSWER` when it does not take it */
export async function ask(link: PxpLink, type: MessageType, payload?: Uint8Array): Promise<void> {
  try {
    await link.send(type, payload)
  } catch (cause) {
    if (!isRefusal(cause)) throw cause
    const details = { request: type }
    throw new StationError('STATION_ANSWER', `the application: ${cause.message}`, {
      cause,
      details,
    })
  }
}

/**
 * The answer of the application to a request.
 * @throws StationError `STATION_ANSWER`, with the request in its details, when it refuses or answers otherwise;
 * `STATION_RESULT_TIMEOUT` when it is silent
 */
export async function answer(
  link: PxpLink,
  type: MessageType,
  request: MessageType,
): Promise<Uint8Array> {
  for (;;) {
    const event = await link.next(pxpLimits.messageTimeoutMs)
    if (event === undefined) {
      throw new StationError(
        'STATION_RESULT_TIMEOUT',
        `the application did not answer with ${type} (0xFFFE)`,
      )
    }
    if (event.kind === 'closed') throw event.error
    if (event.kind === 'keyword' || isLog(event)) continue
    if (event.message.type === type) return event.message.payload
    const { message } = outOfTurn(event, `in place of ${type}`)
    throw new StationError('STATION_ANSWER', `the application: ${message}`, {
      details: { request },
    })
  }
}

/** The application's own doing. Damage on the line, silence and a restart, after which it counts anew, are not. */
function isRefusal(error: unknown): error is StationError {
  if (!(error instanceof StationError) || error.code !== 'STATION_PROTOCOL') return false
  const { reason } = error.details
  return reason !== 'crc' && reason !== 'syntax' && reason !== 'order'
}
