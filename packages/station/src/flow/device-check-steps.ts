import { equalOctets, hasErrors, isKeylineError, toHex } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import type { Evidence } from '@keyline/ledger/records'
import { checkFactoryData, decodeImage, encodeImage, type FactoryData } from '@keyline/matter'
import { StationError } from '../errors.ts'
import { isKeyInFlash } from '../evidence/key-store.ts'
import { arePublished } from '../evidence/published.ts'
import { onboardingOf } from '../unit/onboarding-of.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

/** Credentials that the firmware appends, without those of the order: DAC, PAI, key pair, marker, headers. */
export const appendedOctets = 1344

/** Enough of the region to tell a record that is too long from one that runs over the end. */
const leastRead = 8192

/** Reads factory data and application back and compares them with what they must be. */
export const readBack: Step = {
  name: 'read-back',
  title: 'read back and compare',
  deadlineMs: 60_000,
  async act(work, signal) {
    const { address, octets, sha256: wanted } = work.requireImage('application')
    const data = await proveData(work, await readRegion(work, signal))
    const { programmer } = work.parts
    const firmware = await programmer.read(work.probe.serialNumber, address, octets.length, {
      signal,
    })
    const found = toHex(sha256(firmware))
    return [...data, { kind: 'firmware', ok: found === wanted, facts: { sha256: found } }]
  },
}

/** The data before the exchange: behind a boot loader it is not sure that they can be read again. */
export const readData: Step = {
  name: 'read-data',
  title: 'read factory data back',
  deadlineMs: 60_000,
  async act(work, signal) {
    const region = await readRegion(work, signal)
    const facts = { sha256: toHex(sha256(region)), by: 'read-back before the exchange' }
    if (!equalOctets(region.subarray(0, work.image.length), work.image)) {
      return [{ kind: 'data', ok: false, facts: { ...facts, problem: 'differs from the image' } }]
    }
    const data = decodeRegion(region)?.data
    return data === undefined ? [] : [{ kind: 'data', ok: true, facts }, provePayload(work, data)]
  },
}

/** The data as the device keeps them, where the protections of the boot loader let them be read. */
export const readBackData: Step = {
  name: 'read-back',
  title: 'read factory data back',
  deadlineMs: 60_000,
  async act(work, signal) {
    let region: Uint8Array
    try {
      region = await readRegion(work, signal)
    } catch (error) {
      if (!isProtected(error)) throw error
      work.onLog('the factory data are protected: what was read before the exchange stands')
      return []
    }
    return proveData(work, region)
  },
}

async function readRegion(work: UnitWork, signal: AbortSignal): Promise<Uint8Array> {
  const { factoryDataAddress } = work.matter.order
  const length = Math.max(work.image.length + appendedOctets, leastRead)
  const { programmer } = work.parts
  const region = await programmer.read(work.probe.serialNumber, factoryDataAddress, length, {
    signal,
  })
  work.readBack = region
  return region
}

/** The image on the board, decoded: equal to the unit's, with its credentials, and lawful. */
async function proveData(work: UnitWork, region: Uint8Array): Promise<readonly Evidence[]> {
  const decoded = decodeRegion(region)
  if (decoded === undefined || hasErrors(decoded.findings)) {
    const rule = decoded?.findings.find((finding) => finding.severity === 'error')?.rule
    return [{ kind: 'data', ok: false, facts: { problem: rule ?? 'not an image' } }]
  }
  const { data } = decoded
  const problem = differenceOf(work, data) ?? (await ruleBrokenBy(work, data))
  const isDemo = work.isDemo && (await bringsPublished(work, data))
  const facts = { sha256: toHex(sha256(region)), ...(isDemo ? { demo: true } : {}) }
  const ok = problem === undefined
  return [
    { kind: 'data', ok, facts: ok ? facts : { ...facts, problem } },
    provePayload(work, data),
    ...(ok && isDemo ? proveDemoKey(work, data) : []),
  ]
}

/** The first rule of complete data that the board breaks. */
async function ruleBrokenBy(work: UnitWork, data: FactoryData): Promise<string | undefined> {
  const { profile, order } = work.matter
  // Firmware without a serial line appends nothing.
  const mode = data.dacCertificate === undefined && work.isDemo ? 'provisioning' : 'reconfigure'
  const findings = await checkFactoryData(data, {
    profile,
    mode,
    policy: order.policy,
    keyStorage: data.dacPrivateKey === undefined ? 'secure' : 'flash',
    knownVerifier: work.reserved.secrets,
  })
  const rule = findings.find((finding) => finding.severity === 'error')?.rule
  if (rule !== 'FD-036' || !work.isDemo) return rule
  throw new StationError(
    'STATION_PROFILE',
    'the published credentials of the provisioning firmware are those of another product',
  )
}

/** Firmware without a serial line keeps its credentials out of the factory data; they are published all the same. */
async function bringsPublished(work: UnitWork, data: FactoryData): Promise<boolean> {
  return data.dacCertificate === undefined || (await arePublished(data, work.matter.profile))
}

/**
 * Firmware that only reports cannot sign. What stands for the key under policy `test`: its success, and certificates
 * and public key that belong together and are published. Source: provisioning-station section 10.
 */
function proveDemoKey(work: UnitWork, data: FactoryData): readonly Evidence[] {
  const isReported = work.evidence.some(({ kind, ok }) => kind === 'exchange' && ok)
  if (!isReported || data.dacPublicKey === undefined) return []
  const facts = { by: 'finish:000 and the read-back', unproven: true }
  return [{ kind: 'key', ok: true, facts }]
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
  // What the demonstration firmware appends, belongs together by FD-035 to FD-040.
  if (work.isDemo) {
    const hasCredentials = dacCertificate !== undefined && dacPublicKey !== undefined
    return hasCredentials || work.matter.order.exchange === 'none' ? undefined : 'no credentials'
  }
  const credentials = work.requireCredentials()
  if (!isEqual(dacCertificate, credentials.dac)) return 'DAC differs from the issued one'
  if (!isEqual(paiCertificate, credentials.pai)) return 'PAI differs from the issued one'
  if (!isEqual(dacPublicKey, credentials.publicKey)) return 'public key differs from the request'
  // Whether a key in flash belongs to the certificate, FD-037 to FD-040 say.
  const isInFlash = dacPrivateKey !== undefined
  const belongsInFlash = isKeyInFlash(work.matter.order)
  if (isInFlash && !belongsInFlash) return 'the private key stands in readable flash'
  if (!isInFlash && belongsInFlash) return 'no private key in flash'
  return undefined
}

/** The onboarding code is computed from the read-back and compared with the unit's own. */
function provePayload(work: UnitWork, data: FactoryData): Evidence {
  const { secrets } = work.reserved
  const { order } = work.matter
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

function isEqual(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && equalOctets(a, b)
}

/** The class of provisioning-station section 4.4: option bytes keep the debug port out. */
function isProtected(error: unknown): boolean {
  return isKeylineError(error) && error.details['class'] === 'protection'
}
