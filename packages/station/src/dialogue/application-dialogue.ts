import { concat, type Clock, type Random } from '@keyline/bytes'
import { decodeBasic, pxpLimits, type BasicInformation } from '@keyline/matter/pxp'
import type { SerialPort } from '../port/serial-port.ts'
import { answer, ask } from './ask-application.ts'
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
    const elements = await answer(link, 'ATTRSP', 'ATTREQ')
    const signature = await answer(link, 'ATTSIG', 'ATTREQ')
    await ask(link, 'BASIC')
    const basicInformation = decodeBasic(await answer(link, 'BASIC', 'BASIC'))
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
    return decodeBasic(await answer(link, 'BASIC', 'BASIC'))
  } finally {
    await link.close()
  }
}
