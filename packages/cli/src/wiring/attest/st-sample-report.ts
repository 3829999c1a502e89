import { toHex } from '@keyline/bytes'
import { decodeStSample } from '@keyline/eat'
import { fieldsText } from '../stsafe-text.ts'
import { valueMeaning } from './claim-meanings.ts'
import type { Explanation } from './explanation.ts'

/** Explains the packed structure that ST's sample calls a token. */
export function explainStSample(octets: Uint8Array, challengeSize: number): Explanation {
  const sample = decodeStSample(octets, challengeSize)
  const fields = {
    challenge: toHex(sample.challenge),
    'boot seed': toHex(sample.bootSeed),
    'instance id': toHex(sample.instanceId),
    'implementation id': toHex(sample.implementationId),
    'client id': String(sample.clientId),
    'security life cycle': lifecycleText(sample.securityLifecycle),
    'firmware version': String(sample.firmwareVersion),
    measurement: toHex(sample.measurement),
    'signer id': toHex(sample.signerId),
    'device id': toHex(sample.deviceId),
    signature: toHex(sample.signature),
  }
  return {
    what: 'st-sample',
    isSound: true,
    text: `${fieldsText({ message: `packed structure of ST's sample, ${octets.length} octets`, ...fields })}
no verifier takes this structure: it is shown, and nothing of it was checked
`,
    document: { what: 'st-sample', octets: octets.length, fields, findings: [] },
  }
}

function lifecycleText(value: number): string {
  const hex = `0x${value.toString(16).padStart(4, '0')}`
  return `${hex}, ${valueMeaning('securityLifecycle', value) ?? ''}`
}
