import { decodeAttestationIdentity, pxpLimits, type AttestationIdentity } from '@keyline/matter/pxp'
import type { ApplicationDialogueOptions } from './application-dialogue.ts'
import { answer, ask } from './ask-application.ts'
import { PxpLink } from './pxp-link.ts'

/** What the application answered, with what it was asked. */
export interface TokenAnswers {
  readonly identity: AttestationIdentity
  /** 32 octets that the station drew. */
  readonly challenge: Uint8Array
  /** Attestation token, COSE_Sign1. */
  readonly token: Uint8Array
}

/**
 * Asks the application for its attestation key, then for a token over a fresh challenge. Closes the port in every case.
 * @throws StationError as `runApplicationDialogue`; MatterError `PXP_PAYLOAD`
 */
export async function runTokenDialogue(options: ApplicationDialogueOptions): Promise<TokenAnswers> {
  const link = new PxpLink(options)
  try {
    await ask(link, 'IAKREQ')
    const identity = decodeAttestationIdentity(await answer(link, 'IAKRSP', 'IAKREQ'))
    const challenge = options.random.bytes(pxpLimits.nonceLength)
    await ask(link, 'TOKREQ', challenge)
    return { identity, challenge, token: await answer(link, 'TOKEN', 'TOKREQ') }
  } finally {
    await link.close()
  }
}
