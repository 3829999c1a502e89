import { encodeUtf8, isKeylineError } from '@keyline/bytes'
import { hashStream, sha256 } from '@keyline/crypto'
import {
  bootComponents,
  BootModule,
  componentEntry,
  encodeBootRecord,
  type SoftwareComponent,
} from '@keyline/eat'
import { createReadStream } from 'node:fs'
import { CliError } from '../../errors.ts'
import { readInput } from '../pki-input.ts'

/** What runs on a device: files that its boot loader would measure, or the record that it has made. */
export interface FirmwareOptions {
  /** `TYPE[@VERSION]=FILE`. */
  readonly firmware?: readonly string[] | undefined
  /** Hash of the key that signed it. */
  readonly signerId?: Uint8Array | undefined
  /** Shared area of a boot loader. */
  readonly bootRecord?: string | undefined
}

/** Signer of firmware for which none is named. It is public and stands for no one. */
const simulatedSigner = sha256(encodeUtf8('keyline simulated firmware signer'))
const mostFirmware = 268_435_456

/** The components that the options name; nothing when they name none. @throws CliError `CLI_FILE`, `CLI_INPUT`, `CLI_USAGE` */
export async function readComponents({
  firmware = [],
  signerId = simulatedSigner,
  bootRecord,
}: FirmwareOptions): Promise<readonly SoftwareComponent[] | undefined> {
  if (firmware.length > 0 && bootRecord !== undefined) {
    throw new CliError('CLI_USAGE', '--firmware and --boot-record both say what is measured', {
      remedy: 'use one of them',
    })
  }
  if (bootRecord !== undefined) return componentsIn(bootRecord)
  if (firmware.length === 0) return undefined
  return Promise.all(firmware.map((one) => measured(one, signerId)))
}

/** What a simulated device runs for which no firmware is named. */
export function simulatedFirmware(): readonly SoftwareComponent[] {
  return [
    {
      measurementType: 'App',
      measurementValue: sha256(encodeUtf8('keyline simulated firmware 1.0.0')),
      version: '1.0.0',
      signerId: simulatedSigner,
      measurementDescription: 'sha-256',
    },
  ]
}

/** The shared area that a boot loader leaves for these components. */
export function bootRecordOf(components: readonly SoftwareComponent[]): Uint8Array<ArrayBuffer> {
  return encodeBootRecord(components.map((one) => componentEntry(BootModule.spe, one)))
}

async function componentsIn(path: string): Promise<readonly SoftwareComponent[]> {
  const octets = await readInput(path, 'image')
  try {
    return bootComponents(octets)
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new CliError('CLI_INPUT', `${path} is no boot record: ${cause.message}`, { cause })
  }
}

async function measured(written: string, signerId: Uint8Array): Promise<SoftwareComponent> {
  const [, type = '', version, path = ''] = /^([^@=]+)(?:@([^=]+))?=(.+)$/s.exec(written) ?? []
  if (path === '') {
    throw new CliError(
      'CLI_USAGE',
      `--firmware ${written} is not of the form TYPE[@VERSION]=FILE`,
      {
        remedy: 'write for example --firmware BL@2.1.0=build/bl2.bin',
      },
    )
  }
  return {
    measurementType: type,
    measurementValue: await digestOf(path),
    ...(version !== undefined && { version }),
    signerId,
    measurementDescription: 'sha-256',
  }
}

async function digestOf(path: string): Promise<Uint8Array> {
  const hash = hashStream('SHA-256')
  let length = 0
  try {
    for await (const part of createReadStream(path)) {
      if (!(part instanceof Uint8Array)) continue
      length += part.length
      if (length > mostFirmware) break
      hash.update(part)
    }
  } catch (cause) {
    throw new CliError('CLI_FILE', `${path} cannot be read`, { cause })
  }
  if (length === 0 || length > mostFirmware) {
    const what = length === 0 ? 'is empty' : `has more than ${mostFirmware} octets`
    throw new CliError('CLI_INPUT', `${path} ${what}`)
  }
  return hash.digest()
}
