import { concat, type Clock, type Random } from '@keyline/bytes'
import {
  decodeBasic,
  pxpLimits,
  type BasicInformation,
  type MessageType,
} from '@keyline/matter/pxp'
import { StationError } from '../errors.ts'
import type { SerialPort } from '../port/serial-port.ts'
import { isLog, outOfTurn } from './link-event.ts'
import { PxpLink } from './pxp-link.ts'

export interface ApplicationDialogueOptions {
  readonly port: SerialPort
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  readonly onLog?: ((text: string) => void) | undefined
}

/** What the application answered, with what it was asked. */
export interface ApplicationAnswers {
  /** 32 octets that the station drew. */
  readonly nonce: Uint8Array
  /** 16 octets that the station drew. */
  readonly challenge: Uint8Array
  /** Attestation elements, Matter TLV. */
  readonly elements: Uint8Array
  /** 64 octets r ‖ s over elements ‖ challenge. */
  readonly signature: Uint8Array
  /** Attributes of Basic Information. */
  readonly basicInformation: BasicInformation
}

/**
 * Asks the application for an attestation over a fresh nonce, and for its Basic Information.
 * Closes the port in every case. Source: provisioning-station section 12.2.
 * @throws StationError `STATION_ANSWER` when the application refuses or answers wrongly,
 * `STATION_RESULT_TIMEOUT` when it is silent, `STATION_PROTOCOL` when the line is bad, `STATION_PORT`
 */
export async function runApplicationDialogue(
  options: ApplicationDialogueOptions,
): Promise<ApplicationAnswers> {
  const link = new PxpLink(options)
  try {
    const nonce = options.random.bytes(pxpLimits.nonceLength)
    const challenge = options.random.bytes(pxpLimits.attestationChallengeLength)
    await ask(link, 'ATTREQ', concat(nonce, challenge))
    const elements = await answer(link, 'ATTRSP')
    const signature = await answer(link, 'ATTSIG')
    await ask(link, 'BASIC')
    const basicInformation = decodeBasic(await answer(link, 'BASIC'))
    return { nonce, challenge, elements, signature, basicInformation }
  } finally {
    await link.close()
  }
}

/**
 * Asks the application for its Basic Information alone. Closes the port in every case.
 * @throws StationError as {@link runApplicationDialogue}
 */
export async function askBasicInformation(
  options: Omit<ApplicationDialogueOptions, 'random'>,
): Promise<BasicInformation> {
  const link = new PxpLink(options)
  try {
    await ask(link, 'BASIC')
    return decodeBasic(await answer(link, 'BASIC'))
  } finally {
    await link.close()
  }
}

async function ask(link: PxpLink, type: MessageType, payload?: Uint8Array): Promise<void> {
  try {
    await link.send(type, payload)
  } catch (cause) {
    if (!isRefusal(cause)) throw cause
    throw new StationError('STATION_ANSWER', `the application: ${cause.message}`, { cause })
  }
}

/** The application's own doing. Damage on the line, silence and a restart, after which it counts anew, are not. */
function isRefusal(error: unknown): error is StationError {
  if (!(error instanceof StationError) || error.code !== 'STATION_PROTOCOL') return false
  const { reason } = error.details
  return reason !== 'crc' && reason !== 'syntax' && reason !== 'order'
}

async function answer(link: PxpLink, type: MessageType): Promise<Uint8Array> {
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
    throw new StationError('STATION_ANSWER', `the application: ${message}`)
  }
}
