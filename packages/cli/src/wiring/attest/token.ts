import { toBase64, toBase64url, toHex, type JsonValue } from '@keyline/bytes'
import { instanceIdOf, TokenProfile } from '@keyline/eat'
import { lifetimeParts, Location, type AttestationStep } from '@keyline/psa'
import { CliError } from '../../errors.ts'
import { writeWhole } from '../pki-output.ts'
import { certificateSummary } from './certificate-summary.ts'
import { readChallenge, type ChallengeOptions } from './challenge.ts'
import { attesterFolder, openAttester, type Attester, type TokenRequest } from './device.ts'
import { readComponents, type FirmwareOptions } from './firmware.ts'

/** Names of the profiles on the command line. */
export const profileNames = {
  '2023': TokenProfile.psa2023,
  '1': TokenProfile.psa1,
  '2.0.0': TokenProfile.psa2,
} as const
export type ProfileName = keyof typeof profileNames

export type TokenFormat = 'hex' | 'base64' | 'base64url' | 'cbor'

export interface TokenOptions extends ChallengeOptions, FirmwareOptions {
  readonly device: string
  readonly profile: ProfileName
  readonly clientId: number
  readonly format: TokenFormat
  readonly out?: string | undefined
  readonly withCertificate?: boolean | undefined
  readonly withKeyId?: boolean | undefined
  readonly verificationService?: string | undefined
}

/** A token that was made, and how. */
export interface MadeToken {
  readonly token: Uint8Array
  readonly attester: Attester
  /** One line for each step of the flow, from 0. */
  readonly steps: readonly string[]
}

export async function makeToken(options: TokenOptions): Promise<MadeToken> {
  return tokenOver(await readChallenge(options), options)
}

/** Makes a token over a challenge that is there already. */
export async function tokenOver(
  challenge: Uint8Array,
  options: Omit<TokenOptions, keyof ChallengeOptions>,
): Promise<MadeToken> {
  requireForm(options)
  const attester = await openAttester(attesterFolder(options.device))
  const components = await readComponents(options)
  const steps = [preparation(attester)]
  const request: TokenRequest = {
    challenge,
    clientId: options.clientId,
    profile: profileNames[options.profile],
    includeCertificate: options.withCertificate,
    withKeyId: options.withKeyId,
    components,
    verificationServiceIndicator: options.verificationService,
    onStep: (step) => steps.push(stepText(step, attester, challenge)),
  }
  return { token: attester.makeToken(request), attester, steps }
}

/** Hands a token out: to a file, or as the text that is returned. @throws CliError `CLI_FILE` */
export async function deliverToken(
  token: Uint8Array,
  { format, out }: Pick<TokenOptions, 'format' | 'out'>,
): Promise<string> {
  const content = format === 'cbor' ? token : `${written(token, format)}\n`
  if (out !== undefined) {
    await writeWhole({ path: out, content })
    return `token of ${token.length} octets in ${out}\n`
  }
  return typeof content === 'string' ? content : ''
}

export function tokenDocument({ token, attester, steps }: MadeToken): Record<string, JsonValue> {
  return {
    token: toHex(token),
    octets: token.length,
    instanceId: toHex(instanceIdOf(attester.publicKey)),
    implementationId: toHex(attester.record.implementationId),
    steps,
  }
}

function requireForm({ format, out }: Pick<TokenOptions, 'format' | 'out'>): void {
  if (format !== 'cbor' || out !== undefined) return
  throw new CliError('CLI_USAGE', '--format cbor gives octets, which belong into a file', {
    remedy: 'name the file with --out, or take another format',
  })
}

function written(octets: Uint8Array, format: Exclude<TokenFormat, 'cbor'>): string {
  if (format === 'hex') return toHex(octets)
  return format === 'base64' ? toBase64(octets) : toBase64url(octets)
}

/** What was done before the application runs. */
function preparation({ record, container }: Attester): string {
  return container === undefined
    ? 'the key pair was made on the device; its private half stays in the storage'
    : `RSSe-KW exported DUA key ${record.deviceKey} of this chip: ${container.length} octets, wrapped for RDP ${record.rdp}, non-secure, privileged`
}

function stepText(step: AttestationStep, attester: Attester, challenge: Uint8Array): string {
  switch (step.step) {
    case 1: {
      const { location } = lifetimeParts(step.lifetime)
      const how = attester.isKeyStored
        ? 'is in the PSA storage'
        : 'psa_import_key into the PSA storage'
      const where =
        location === Location.keyWrapEngine
          ? 'location 0x800001, the Key Wrap Engine: the clear key is inside the CCB alone'
          : 'local storage, the software driver'
      return `${how}: key ${hex32(step.key)}, lifetime ${hex32(step.lifetime)}, ${where}`
    }
    case 2:
      return `psa_hash_compute over claims and challenge (${challenge.length} octets): ${toHex(step.hash)}`
    case 3:
      return `psa_sign_hash with the key where it is: r ‖ s ${toHex(step.signature)}`
    case 4:
      return `Entity Attestation Token: claims and signature, ${step.token.length} octets`
    case 5:
      return step.certificate === undefined
        ? 'no certificate: the verifier knows the public key as it is'
        : `certificate from system flash: ${certificateSummary(step.certificate).text}`
    default:
      return step satisfies never
  }
}

function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`
}
