import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parseJson } from '@keyline/bytes'
import { temporaryFolder } from '../../support/line.ts'
import { keyline, type Ended } from './keyline.ts'

/** A folder with simulated devices, and the commands for them. */
export class AttestDesk implements AsyncDisposable {
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>

  constructor(folder: Awaited<ReturnType<typeof temporaryFolder>>) {
    this.#folder = folder
  }

  path(name: string): string {
    return join(this.#folder.path, name)
  }

  async file(name: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
    await writeFile(this.path(name), content, { mode })
    return this.path(name)
  }

  run(...args: readonly string[]): Promise<Ended> {
    return keyline('attest', ...args)
  }

  /** What a command prints that has to succeed. */
  async text(...args: readonly string[]): Promise<string> {
    const { code, err, out } = await this.run(...args)
    expect({ args, code, err: code === 0 ? '' : err }).toEqual({ args, code: 0, err: '' })
    return out
  }

  /** The document of a command that has to succeed. */
  async document(...args: readonly string[]): Promise<unknown> {
    return parseJson(await this.text(...args, '--json'), 'the result')
  }

  /** A new device; its URI. */
  async device(name: string, ...args: readonly string[]): Promise<string> {
    const device = `sim:${this.path(name)}`
    await this.text('keys', 'make', '--device', device, ...args)
    return device
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]()
  }
}

export async function attestDesk(): Promise<AttestDesk> {
  return new AttestDesk(await temporaryFolder('keyline-attest'))
}

/** A desk with a device of its own, a token of it over `attestedNonce`, and the CoRIM that names it. */
export interface AttestedDesk {
  readonly desk: AttestDesk
  readonly device: string
  /** File of the token. */
  readonly token: string
  /** File of the CoRIM `batch-1`. */
  readonly corim: string
}

/** 32 octets in hexadecimal. */
export const attestedNonce = '5a'.repeat(32)

export async function attestedDesk(): Promise<AttestedDesk> {
  const desk = await attestDesk()
  const device = await desk.device('u385')
  const token = desk.path('token.hex')
  await desk.text('token', '--device', device, '--challenge', attestedNonce, '--out', token)
  const corim = desk.path('batch.corim')
  await desk.text('endorse', 'make', '--out', corim, '--device', device, '--id', 'batch-1')
  return { desk, device, token, corim }
}
