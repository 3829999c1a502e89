import { equalOctets, hasErrors, isKeylineError, toHex, type Finding } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Evidence } from '@keyline/ledger/records'
import {
  checkFactoryData,
  decodeImage,
  encodeImage,
  verifyAttestation,
  type AttestationFailure,
  type FactoryData,
} from '@keyline/matter'
import { parseCertificate } from '@keyline/x509'
import { runApplicationDialogue } from '../dialogue/application-dialogue.ts'
import { StationError } from '../errors.ts'
import { judgingTime } from '../evidence/issued-chain.ts'
import { onboardingOf } from '../unit/onboarding-of.ts'
import { openPort } from './open-port.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

/** Credentials that the firmware appends, without those of the order: DAC, PAI, key pair, marker, headers. */
export const appendedOctets = 1344

/** Reads factory data and application back and compares them with what they must be. */
export const readBack: Step = {
  name: 'read-back',
  title: 'read back and compare',
  deadlineMs: 60_000,
  async act(work, signal) {
    const { programmer } = work.parts
    const { serialNumber } = work.probe
    const { order, images } = work.prepared
    const length = work.image.length + appendedOctets
    const region = await programmer.read(serialNumber, order.factoryDataAddress, length, { signal })
    work.readBack = region
    const { address, octets, sha256: wanted } = images.application
    const firmware = await programmer.read(serialNumber, address, octets.length, { signal })
    const found = toHex(sha256(firmware))
    return [
      ...(await proveData(work, region)),
      { kind: 'firmware', ok: found === wanted, facts: { sha256: found } },
    ]
  },
}

/** The image on the board, decoded: equal to the unit's, with the issued credentials, and lawful. */
async function proveData(work: UnitWork, region: Uint8Array): Promise<readonly Evidence[]> {
  const decoded = decodeRegion(region)
  if (decoded === undefined || hasErrors(decoded.findings)) {
    const rule = decoded?.findings.find((finding) => finding.severity === 'error')?.rule
    return [{ kind: 'data', ok: false, facts: { problem: rule ?? 'not an image' } }]
  }
  const { data } = decoded
  const problem =
    differenceOf(work, data) ??
    firstError(
      await checkFactoryData(data, {
        profile: work.prepared.profile,
        mode: 'reconfigure',
        policy: work.prepared.order.policy,
        knownVerifier: work.reserved.secrets,
      }),
    )
  const facts = { sha256: toHex(sha256(region)), ...(problem === undefined ? {} : { problem }) }
  return [{ kind: 'data', ok: problem === undefined, facts }, provePayload(work, data)]
}

/** Reads the records of a region; erased flash behind the marker is no part of the image. */
export function decodeRegion(region: Uint8Array): ReturnType<typeof decodeImage> | undefined {
  try {
    return decodeImage(region)
  } catch (error) {
    if (isKeylineError(error)) return undefined
    throw error
  }
}

/** The first thing in which the board's data differ from the unit's, by name. */
function differenceOf(work: UnitWork, data: FactoryData): string | undefined {
  const { dacCertificate, paiCertificate, dacPublicKey, dacPrivateKey, ...product } = data
  if (!equalOctets(encodeImage(product), work.image)) return 'product or identity records differ'
  const credentials = work.requireCredentials()
  if (!isEqual(dacCertificate, credentials.dac)) return 'DAC differs from the issued one'
  if (!isEqual(paiCertificate, credentials.pai)) return 'PAI differs from the issued one'
  if (!isEqual(dacPublicKey, credentials.publicKey)) return 'public key differs from the request'
  // Whether a key in flash belongs to the certificate, FD-037 to FD-040 say.
  const isInFlash = dacPrivateKey !== undefined
  const belongsInFlash = work.prepared.order.policy === 'test'
  if (isInFlash && !belongsInFlash) return 'the private key stands in readable flash'
  if (!isInFlash && belongsInFlash) return 'no private key in flash'
  return undefined
}

/** The onboarding code is computed from the read-back and compared with the unit's own. */
function provePayload(work: UnitWork, data: FactoryData): Evidence {
  const { secrets } = work.reserved
  const { order } = work.prepared
  const { vendorId, productId, discriminator } = data
  if (vendorId === undefined || productId === undefined || discriminator === undefined) {
    return { kind: 'payload', ok: false, facts: { problem: 'a field of the code is missing' } }
  }
  const passcode = data.passcode ?? secrets.passcode
  const ofUnit = onboardingOf({ order, ...order.product, ...secrets })
  try {
    const fromBoard = onboardingOf({ order, vendorId, productId, discriminator, passcode })
    const ok = fromBoard.qr === ofUnit.qr && fromBoard.manual === ofUnit.manual
    return { kind: 'payload', ok, facts: { recomputed: ok } }
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return { kind: 'payload', ok: false, facts: { problem: error.code } }
  }
}

/** The application signs a fresh nonce; the commissioner's checks run over its answer. */
export const attest: Step = {
  name: 'attest',
  title: 'attest like a commissioner',
  deadlineMs: 120_000,
  async act(work, signal) {
    const { clock, random, trust } = work.parts
    const port = await openPort(work, signal)
    const answers = await runApplicationDialogue({ port, clock, random, signal, onLog: work.onLog })
    const { dac, pai } = work.requireCredentials()
    const result = verifyAttestation({
      dac,
      pai,
      elements: answers.elements,
      signature: answers.signature,
      nonce: answers.nonce,
      challenge: answers.challenge,
      basicInformation: answers.basicInformation,
      time: judgingTime(parseCertificate(dac), clock.now()),
      trust,
    })
    if (!result.ok) {
      requireSoundChain(result)
      return [
        {
          kind: 'attestation',
          ok: false,
          facts: { check: result.check, result: result.sdkResult },
        },
      ]
    }
    const product = work.prepared.order.product
    const isProduct =
      answers.basicInformation.vendorId === product.vendorId &&
      answers.basicInformation.productId === product.productId
    return [
      { kind: 'attestation', ok: isProduct, facts: { checks: 'ATT-02…ATT-25' } },
      { kind: 'key', ok: true, facts: { by: 'ATT-08' } },
    ]
  },
}

/** Checks of the certificates that were issued. They held when the board got them, so the board is not to blame. */
const chainChecks: ReadonlySet<string> = new Set([
  'ATT-02',
  'ATT-03',
  'ATT-04',
  'ATT-05',
  'ATT-06',
  'ATT-07',
  'ATT-09',
  'ATT-10',
  'ATT-11',
  'ATT-12',
  'ATT-13',
] satisfies readonly AttestationFailure['check'][])

/** @throws StationError `STATION_CERTIFICATE_REFUSED` */
function requireSoundChain({ check, finding }: AttestationFailure): void {
  if (!chainChecks.has(check)) return
  throw new StationError(
    'STATION_CERTIFICATE_REFUSED',
    `the chain of the board does not hold any more: ${check}, ${finding.message}`,
    { remedy: finding.remedy },
  )
}

function isEqual(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && equalOctets(a, b)
}

function firstError(findings: readonly Finding[]): string | undefined {
  return findings.find((finding) => finding.severity === 'error')?.rule
}
