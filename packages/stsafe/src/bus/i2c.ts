import { access, constants } from 'node:fs/promises'
import { systemClock, throwIfInterrupted, withDeadline, type Clock } from '@keyline/bytes'
import { StsafeError } from '../errors.ts'
import type { BusAnswer, BusRequest } from '../layout/byte-stream.ts'
import { defaultI2cAddress } from '../layout/device.ts'
import { takeBusLock, type BusLock } from './bus-lock.ts'
import type { Transport } from './transport.ts'

/** What is used of `i2c-bus`. */
export interface I2cDriver {
  openPromisified(busNumber: number): Promise<I2cBus>
}

export interface I2cBus {
  i2cRead(
    address: number,
    length: number,
    buffer: Uint8Array,
  ): Promise<{ readonly bytesRead: number }>
  i2cWrite(
    address: number,
    length: number,
    buffer: Uint8Array,
  ): Promise<{ readonly bytesWritten: number }>
  close(): Promise<void>
}

export interface I2cOptions {
  /** Number of the bus: 1 for `/dev/i2c-1`. */
  readonly bus: number
  /** 7-bit address. */
  readonly address?: number | undefined
  readonly clock: Clock
  /** How long one transaction may take: a line that is held low would stop the kernel's driver too. */
  readonly timeoutMs?: number | undefined
  /** In place of `i2c-bus`. */
  readonly driver?: I2cDriver | undefined
}

const defaultTimeoutMs = 2000

/** How the kernel says that nobody acknowledged; drivers differ. */
const nackCodes = new Set(['ENXIO', 'EREMOTEIO'])

/**
 * A bus of Linux, `/dev/i2c-N`. Its lock keeps a second process out.
 * @throws StsafeError `STSAFE_DRIVER_MISSING`, `STSAFE_BUS_IN_USE`, `STSAFE_BUS`
 */
export async function openI2cTransport(options: I2cOptions): Promise<Transport> {
  const { bus: number, address = defaultI2cAddress, clock } = options
  const driver = options.driver ?? (await loadDriver())
  const name = `i2c:///dev/i2c-${number}?address=0x${address.toString(16)}`
  const lock = await takeBusLock(`i2c-${number}`, clock)
  try {
    // The driver opens the device at its first transfer; what is wrong with it is better said now.
    if (options.driver === undefined)
      await access(`/dev/i2c-${number}`, constants.R_OK | constants.W_OK)
    const bus = await clock.during(() => driver.openPromisified(number))
    return new I2cTransport({ name, bus, address, lock, options })
  } catch (cause) {
    await lock.release()
    throw new StsafeError('STSAFE_BUS', `${name} cannot be opened: ${textOf(cause)}`, {
      cause,
      remedy: 'check that the bus exists and that this user may open it (group i2c)',
    })
  }
}

interface OpenBus {
  readonly name: string
  readonly bus: I2cBus
  readonly address: number
  readonly lock: BusLock
  readonly options: I2cOptions
}

class I2cTransport implements Transport {
  readonly name: string
  readonly #open: OpenBus
  #isHeld = false

  constructor(open: OpenBus) {
    this.name = open.name
    this.#open = open
  }

  async transfer(request: BusRequest, signal?: AbortSignal): Promise<BusAnswer> {
    throwIfInterrupted(signal)
    if (this.#isHeld) throw this.#stuck()
    const { bus, address, options } = this.#open
    const { clock, timeoutMs: ms = defaultTimeoutMs } = options
    try {
      const what = `a ${request.kind} on ${this.name}`
      // Real time: a virtual clock stands still while the bus is waited for.
      return await clock.during(() =>
        withDeadline({ clock: systemClock, ms, what }, () => transferOn(bus, address, request)),
      )
    } catch (cause) {
      // The transaction may still be under way: nothing can follow it.
      this.#isHeld = true
      throw this.#stuck(cause)
    }
  }

  async close(): Promise<void> {
    const { bus, lock, options } = this.#open
    if (!this.#isHeld) await options.clock.during(() => bus.close())
    await lock.release()
  }

  #stuck(cause?: unknown): StsafeError {
    const message = `a transaction on ${this.name} does not end; a line may be held low`
    const remedy = 'take the power off the bus, check for a short circuit, and open the bus again'
    return new StsafeError('STSAFE_BUS', message, { cause, remedy })
  }
}

async function transferOn(bus: I2cBus, address: number, request: BusRequest): Promise<BusAnswer> {
  try {
    if (request.kind === 'write') {
      const { data } = request
      const { bytesWritten } = await bus.i2cWrite(address, data.length, bufferOf(data))
      return bytesWritten === data.length ? done() : { kind: 'bus-error' }
    }
    if (request.kind === 'read') {
      const buffer = Buffer.alloc(request.length)
      const { bytesRead } = await bus.i2cRead(address, request.length, buffer)
      return bytesRead === request.length ? done(Uint8Array.from(buffer)) : { kind: 'bus-error' }
    }
    // Neither power nor the reset line can be reached over I2C.
    return { kind: 'bus-error' }
  } catch (error) {
    return isNack(error) ? { kind: 'nack' } : { kind: 'bus-error' }
  }
}

function done(data: Uint8Array = new Uint8Array()): BusAnswer {
  return { kind: 'done', data }
}

function bufferOf(octets: Uint8Array): Uint8Array {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length)
}

function isNack(error: unknown): boolean {
  return error instanceof Error && 'code' in error && nackCodes.has(String(error.code))
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The native module is optional: it is looked for when a bus is opened, and nowhere else. */
async function loadDriver(): Promise<I2cDriver> {
  const name = 'i2c-bus'
  try {
    const module: { default: unknown } = await import(name)
    if (isDriver(module.default)) return module.default
  } catch (cause) {
    throw new StsafeError('STSAFE_DRIVER_MISSING', `${name} does not load: ${textOf(cause)}`, {
      cause,
    })
  }
  throw new StsafeError('STSAFE_DRIVER_MISSING', `${name} has no openPromisified`)
}

function isDriver(module: unknown): module is I2cDriver {
  return typeof module === 'object' && module !== null && 'openPromisified' in module
}
