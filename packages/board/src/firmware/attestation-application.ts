import { encodeAttestationIdentity, type MessageType } from '@keyline/matter/pxp'
import { AttestationRefusal, type Attester } from '../attestation/attester.ts'
import type { Hardware } from './hardware.ts'
import { serveRequests, type Answer, type Service } from './request-service.ts'

/** What every application that attests answers. */
export const attestationServices: readonly (readonly [MessageType, Service])[] = [
  ['IAKREQ', identify],
  ['TOKREQ', attest],
]

/** An operational firmware without Matter: initial attestation, as on STM32U385. */
export function attestationApplication(hardware: Hardware): Promise<void> {
  return serveRequests(hardware, new Map(attestationServices))
}

/** What a line registers of the board. @throws AttestationRefusal */
function identify(hardware: Hardware): readonly Answer[] {
  const identity = attesterOf(hardware).identity()
  return [{ type: 'IAKRSP', payload: encodeAttestationIdentity(identity) }]
}

/** A token over the challenge of a verifier. @throws AttestationRefusal */
function attest(hardware: Hardware, challenge: Uint8Array): readonly Answer[] {
  const { faults, random } = hardware
  const attester = attesterOf(hardware)
  const isOther = faults.strikes('token-other-nonce')
  const nonce = isOther ? random.bytes(challenge.length) : challenge
  return [{ type: 'TOKEN', payload: attester.token(nonce) }]
}

function attesterOf({ attester }: Hardware): Attester {
  if (attester !== undefined) return attester
  throw new AttestationRefusal('the board has no attestation key: it does not boot into TF-M')
}
