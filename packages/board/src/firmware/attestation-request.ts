import { encodeAttestationIdentity } from '@keyline/matter/pxp'
import { AttestationRefusal, type Attester } from '../attestation/attester.ts'
import type { Hardware } from './hardware.ts'

/** Payload of IAKRSP: what a line registers of the board. @throws AttestationRefusal */
export function attestationIdentity(hardware: Hardware): Uint8Array {
  const attester = attesterOf(hardware)
  return encodeAttestationIdentity({
    implementationId: attester.implementationId,
    publicKey: attester.publicKey(),
    certificate: attester.certificate(),
  })
}

/** Payload of TOKEN. @throws AttestationRefusal */
export function attestationToken(hardware: Hardware, challenge: Uint8Array): Uint8Array {
  const { faults, random } = hardware
  const attester = attesterOf(hardware)
  const isOther = faults.strikes('token-other-nonce')
  return attester.token(isOther ? random.bytes(challenge.length) : challenge)
}

function attesterOf({ attester }: Hardware): Attester {
  if (attester !== undefined) return attester
  throw new AttestationRefusal('the board has no attestation key: it does not boot into TF-M')
}
