import { concat, encodeUtf8 } from '@keyline/bytes'
import { boardResults, finishText, type BoardResult } from '@keyline/matter/pxp'
import { developmentCredentials } from './development-credentials.ts'
import { FactoryDataRegion } from './factory-data-region.ts'
import type { Hardware, KeyPlace } from './hardware.ts'
import { choosePlace, keepKey } from './key-place.ts'

/** L0 repeats its result at this interval, for ever. */
const reportPeriodMs = 3000
/** Octets of one transmission of L0: the result, NUL, and what stood in the buffer. */
const reportLength = 16

/** Firmware of the profile L0: provisions at its start and only reports (provisioning-station section 6.2). */
export async function provisioningL0(hardware: Hardware): Promise<void> {
  const { clock, faults, power, random, transmit } = hardware
  if (faults.strikes('silent')) return
  const result = await storeDevelopmentCredentials(hardware)
  const text = encodeUtf8(`${finishText(result)}\0`)
  for (;;) {
    transmit(concat(text, random.bytes(reportLength - text.length)))
    await clock.sleep(reportPeriodMs, power)
  }
}

/** Firmware of the profile L1: waits for `Init`, answers each one, provisions once and reports (6.3). */
export async function provisioningL1(hardware: Hardware): Promise<void> {
  const { faults, power, transmit } = hardware
  if (faults.strikes('silent')) return
  if (faults.strikes('stale-finish')) transmit(encodeUtf8('finish:000\n'))
  const inits = new InitCounter(hardware)
  await inits.next(power)
  if (faults.strikes('silent-after-start')) return
  if (faults.strikes('flood')) {
    for (let piece = 0; piece < 128; piece++) transmit(new Uint8Array(1024).fill(0x2e))
    return
  }
  transmit(encodeUtf8('provisioning\r\n'))
  const result = await storeDevelopmentCredentials(hardware)
  for (;;) {
    reportL1(hardware, result)
    await inits.next(power)
  }
}

/** Firmware without a serial line: stores the published key in ITS and tells by a light (6.3, `none`). */
export async function provisioningNone(hardware: Hardware): Promise<void> {
  const { key } = developmentCredentials()
  await hardware.take(hardware.part.times.keyGenerationMs)
  const isKept = keepKey(hardware, 'its', key)
  if (isKept) hardware.noteKeyPlace('its')
  hardware.show(isKept ? 'ok' : 'error')
}

/** The algorithm of matter-factory-data 1.7 with the published credentials. */
async function storeDevelopmentCredentials(hardware: Hardware): Promise<BoardResult> {
  const { faults, image } = hardware
  const place = choosePlace(hardware, image.mode ?? 'test')
  if (place === undefined) return 'secureStorageWrite'
  if (faults.strikes('stores-nothing') || faults.strikes('finish-at-once')) return 'ok'
  if (faults.strikes('flash-refuses')) return 'dataNotFound'
  const result = await storeAt(hardware, place)
  hardware.show(result === 'ok' ? 'ok' : 'error')
  return result
}

async function storeAt(hardware: Hardware, place: KeyPlace): Promise<BoardResult> {
  const { dac, pai, key } = developmentCredentials()
  const region = new FactoryDataRegion(hardware)
  const credentials = {
    dac,
    pai,
    publicKey: key.publicKey,
    privateKey: place === 'flash' ? key.secret() : undefined,
  }
  if (!region.accepts(credentials)) return 'dataNotFound'
  if (!keepKey(hardware, place, key)) return 'secureStorageWrite'
  const appended = await region.append(credentials)
  if (appended !== 'ok') return 'dataNotFound'
  const offset = hardware.faults.valueOf('flash-bit-flip')
  if (offset !== undefined) region.flipBit(offset - 1)
  hardware.noteKeyPlace(place)
  return 'ok'
}

function reportL1({ faults, random, transmit }: Hardware, result: BoardResult): void {
  const code = faults.valueOf('finish-code') ?? boardResults[result].code
  const text = `finish:${String(code).padStart(3, '0')}`
  if (!faults.strikes('finish-in-pieces')) {
    transmit(encodeUtf8(`${text}\r\n`))
    return
  }
  for (const octet of encodeUtf8(`${text}\0`)) transmit(Uint8Array.of(octet))
  transmit(random.bytes(5))
}

/** Hears `Init`, line end or not, and answers each one. */
class InitCounter {
  #tail = ''
  #pending = 0
  #wake: (() => void) | undefined

  constructor({ listen, transmit }: Hardware) {
    listen((octets) => {
      this.#tail += Buffer.from(octets).toString('latin1')
      for (let at = this.#tail.indexOf('Init'); at >= 0; at = this.#tail.indexOf('Init')) {
        this.#tail = this.#tail.slice(at + 4)
        this.#pending++
        transmit(encodeUtf8('Start_provisioning\r\n'))
      }
      this.#tail = this.#tail.slice(-3)
      if (this.#pending > 0) this.#wake?.()
    })
  }

  /** Ends at the next `Init`, or without power. */
  async next(power: AbortSignal): Promise<void> {
    if (this.#pending === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        power.addEventListener('abort', () => resolve(), { once: true })
      })
    }
    power.throwIfAborted()
    this.#pending = 0
  }
}
