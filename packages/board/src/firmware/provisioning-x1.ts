import {
  concat,
  encodeUtf8,
  equalOctets,
  seededRandom,
  throwIfInterrupted,
  toHex,
} from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import {
  decodeHello,
  encodeIdent,
  encodeStored,
  finishText,
  proofPrefix,
  pxpLimits,
  type BoardResult,
  type MessageType,
  type ProvisioningMode,
} from '@keyline/matter/pxp'
import { parseCertificate } from '@keyline/x509'
import { buildDeviceRequest, type ProductIdentity } from './device-request.ts'
import { DeviceKey } from '../storage/device-key.ts'
import type { SigningKey } from '../storage/signing-key.ts'
import { FactoryDataRegion, ReadRefusal } from './factory-data-region.ts'
import type { Hardware, KeyPlace } from './hardware.ts'
import { choosePlace, keepKey, makeKey, signedBy, storeNameOf, storesOf } from './key-place.ts'
import { PxpLink } from './pxp-link.ts'

/** A certificate that is longer has no place in the buffer of the ST firmware. */
const certificateLimit = 600

/** As in the ST firmware, which repeats its result every 3 s; ours does not do it for ever. */
const finishPeriodMs = 3000
const finishRepetitions = 3

/** Ends a session with a result, or without one because the host has begun anew. */
class SessionEnd extends Error {
  readonly result: BoardResult | 'superseded'

  constructor(result: BoardResult | 'superseded') {
    super(result)
    this.result = result
  }
}

/**
 * Provisioning firmware X1 (provisioning-station section 7): waits for `Init`, makes its key, has it certified
 * over the serial line, stores the credentials in the factory data and proves that it holds the key.
 */
export async function provisioningX1(hardware: Hardware): Promise<void> {
  const { faults, transmit } = hardware
  if (faults.strikes('silent')) return
  const link = new PxpLink(hardware, { needsInit: true })
  if (faults.strikes('stale-finish')) transmit(encodeUtf8('finish:000\n'))

  await link.next()
  for (;;) {
    link.open()
    transmit(encodeUtf8('Start_provisioning PXP/1\n'))
    if (faults.strikes('silent-after-start')) return deafen(hardware)
    if (faults.strikes('flood')) return flood(hardware)
    const result = faults.strikes('finish-at-once') ? 'ok' : await new Session(hardware, link).run()
    if (result === 'superseded') continue
    link.end()
    await report(hardware, link, result)
  }
}

/** Sends the result, a few times since it carries no check sum, until the host says `Init` again. */
async function report(hardware: Hardware, link: PxpLink, result: BoardResult): Promise<void> {
  for (let repetitions = finishRepetitions; repetitions > 0; repetitions--) {
    sendResult(hardware, result)
    if ((await link.next(finishPeriodMs)).kind === 'init') return
  }
  sendResult(hardware, result)
  await link.next()
}

function deafen(hardware: Hardware): void {
  hardware.listen(() => undefined)
}

function flood(hardware: Hardware): void {
  deafen(hardware)
  for (let piece = 0; piece < 128; piece++) hardware.transmit(new Uint8Array(1024).fill(0x2e))
}

function sendResult(hardware: Hardware, result: BoardResult): void {
  const { faults, transmit } = hardware
  const code = result === 'ok' ? faults.valueOf('finish-code') : undefined
  const text = code === undefined ? finishText(result) : `finish:${String(code).padStart(3, '0')}`
  if (faults.strikes('finish-in-pieces')) {
    for (const octet of encodeUtf8(`${text}\0`)) transmit(Uint8Array.of(octet))
    transmit(hardware.random.bytes(5))
  } else {
    transmit(encodeUtf8(`${text}\n`))
  }
}

/** One exchange from HELLO to DONE. */
class Session {
  readonly #hardware: Hardware
  readonly #link: PxpLink
  readonly #region: FactoryDataRegion

  constructor(hardware: Hardware, link: PxpLink) {
    this.#hardware = hardware
    this.#link = link
    this.#region = new FactoryDataRegion(hardware)
  }

  async run(): Promise<BoardResult | 'superseded'> {
    try {
      await this.#exchange()
      return 'ok'
    } catch (error) {
      if (error instanceof SessionEnd || error instanceof ReadRefusal) return error.result
      throw error
    }
  }

  async #exchange(): Promise<void> {
    const { faults } = this.#hardware
    const mode = await this.#hello()
    const data = this.#region.read()
    await this.#identify(data.isProvisioned())
    if (data.isErased()) throw new SessionEnd('dataNotFound')
    const place = choosePlace(this.#hardware, mode)
    if (place === undefined) throw new SessionEnd('noSecureStore')
    const product = data.product()

    const key = await this.#makeKey(place)
    await this.#say('CSR', await this.#request(key, product))

    const dac = await this.#hear('DAC')
    if (faults.strikes('restart-before-commit')) this.#restart()
    const pai = await this.#hear('PAI')
    checkCertificates(dac, pai, key)
    const commit = await this.#hear('COMMIT')
    if (!equalOctets(commit, sha256(dac, pai))) throw new SessionEnd('protocolError')

    const isStored = await this.#store(place, { dac, pai, key })
    if (faults.strikes('restart-after-commit')) this.#restart()
    await this.#say('STORED', encodeStored({ store: storeNameOf(place) }))

    const challenge = await this.#hear('CHAL')
    if (challenge.length !== pxpLimits.challengeLength) throw new SessionEnd('protocolError')
    await this.#say('PROOF', this.#prove(challenge, place, isStored ? undefined : key))
    await this.#hear('DONE')
    if (faults.strikes('record-zero-length')) this.#region.damageLength(0)
    if (faults.strikes('record-oversized')) this.#region.damageLength(0x1000)
  }

  async #hello(): Promise<ProvisioningMode> {
    const payload = await this.#hear('HELLO', pxpLimits.helloTimeoutMs)
    try {
      return decodeHello(payload).mode
    } catch {
      throw new SessionEnd('modeUnsupported')
    }
  }

  async #identify(isProvisioned: boolean): Promise<void> {
    const { part, uid, faults } = this.#hardware
    await this.#say(
      'IDENT',
      encodeIdent({
        uid: faults.strikes('ident-other-uid') ? uid.toReversed() : uid,
        device: `0x${part.deviceId.toString(16).toUpperCase().padStart(3, '0')}`,
        stores: storesOf(this.#hardware),
        state: isProvisioned ? 'provisioned' : 'empty',
      }),
    )
    if (isProvisioned) throw new SessionEnd('alreadyProvisioned')
  }

  async #makeKey(place: KeyPlace): Promise<SigningKey> {
    const { part, faults, neighbourhood } = this.#hardware
    await this.#hardware.take(part.times.keyGenerationMs)
    const isClone = faults.strikes('cloned-key')
    const foreign = isClone ? seededRandom(neighbourhood.sharedSeed) : undefined
    const key = makeKey(this.#hardware, place, foreign)
    if (key === undefined) throw new SessionEnd('secureStorageRefused')
    return key
  }

  async #request(key: SigningKey, product: ProductIdentity): Promise<Uint8Array> {
    const { uid, faults, neighbourhood } = this.#hardware
    const vendorId = product.vendorId ^ (faults.strikes('csr-foreign-vendor') ? 0x0003 : 0)
    const own = await buildDeviceRequest(key, { ...product, vendorId })
    const owner = toHex(uid)
    if (faults.strikes('csr-of-other-board')) {
      return neighbourhood.requestOfAnother(owner) ?? own
    }
    neighbourhood.remember(owner, own)
    if (faults.strikes('csr-bad-signature')) {
      return own.with(own.length - 1, (own.at(-1) ?? 0) ^ 1)
    }
    return own
  }

  /** False when a fault kept the credentials out of the flash. */
  async #store(place: KeyPlace, credentials: Credentials): Promise<boolean> {
    const { faults } = this.#hardware
    if (faults.strikes('flash-refuses')) throw new SessionEnd('flashWrite')
    if (faults.strikes('stores-nothing')) return false
    const { dac, pai, key } = credentials
    if (!keepKey(this.#hardware, place, key)) throw new SessionEnd('secureStorageRefused')
    const outcome = await this.#region.append({
      dac,
      pai,
      publicKey: key.publicKey,
      privateKey: place === 'flash' ? key.secret?.() : undefined,
    })
    if (outcome !== 'ok') throw new SessionEnd(outcome)
    this.#hardware.noteKeyPlace(place)
    const offset = faults.valueOf('flash-bit-flip')
    if (offset !== undefined) this.#region.flipBit(offset - 1)
    return true
  }

  /** Signs with the stored key; a board that lies signs with what it has in memory. */
  #prove(challenge: Uint8Array, place: KeyPlace, unstored: SigningKey | undefined): Uint8Array {
    const { random, faults } = this.#hardware
    const message = concat(encodeUtf8(proofPrefix), challenge)
    if (faults.strikes('proof-other-key')) return DeviceKey.draw(random).sign(message)
    const signature = unstored?.sign(message) ?? signedBy(this.#hardware, place, message)
    if (signature === undefined) throw new SessionEnd('proofFailed')
    return signature
  }

  async #say(type: MessageType, payload: Uint8Array): Promise<void> {
    if (await this.#link.send(type, payload)) return
    const arrival = await this.#link.next(0)
    throw new SessionEnd(arrival.kind === 'init' ? 'superseded' : 'protocolError')
  }

  async #hear(
    type: MessageType,
    timeoutMs: number = pxpLimits.messageTimeoutMs,
  ): Promise<Uint8Array> {
    const arrival = await this.#link.next(timeoutMs)
    if (arrival.kind === 'init') throw new SessionEnd('superseded')
    if (arrival.kind === 'silence') throw new SessionEnd('hostTimeout')
    if (arrival.message.type !== type) throw new SessionEnd('protocolError')
    return arrival.message.payload
  }

  #restart(): void {
    this.#hardware.restart()
    throwIfInterrupted(this.#hardware.power)
  }
}

interface Credentials {
  readonly dac: Uint8Array
  readonly pai: Uint8Array
  readonly key: SigningKey
}

function checkCertificates(dac: Uint8Array, pai: Uint8Array, key: SigningKey): void {
  if (dac.length > certificateLimit || pai.length > certificateLimit) {
    throw new SessionEnd('certificateRejected')
  }
  let certified: Uint8Array
  try {
    parseCertificate(pai)
    certified = parseCertificate(dac).spki.key.octets
  } catch {
    throw new SessionEnd('certificateRejected')
  }
  if (!equalOctets(certified, key.publicKey)) throw new SessionEnd('keyMismatch')
}
