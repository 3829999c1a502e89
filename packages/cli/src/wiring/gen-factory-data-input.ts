import { readFile } from 'node:fs/promises'
import { hasErrors, type Finding } from '@keyline/bytes'
import {
  encodeImage,
  prepareFactoryDataCheck,
  profiles,
  type FactoryData,
  type FactoryDataSetting,
} from '@keyline/matter'
import type { RunOptions } from '@keyline/station'
import { CliError } from '../errors.ts'
import { readFactoryData, type FactoryDataInput } from './factory-data-input.ts'

/** The factory data of a run, judged by every rule. */
export interface RunInput {
  /** Written to the board: of JSON the canonical image, of a binary its own octets. */
  readonly image: Uint8Array
  readonly data: FactoryData
  readonly setting: FactoryDataSetting
  readonly findings: readonly Finding[]
  /** Published credentials or identities are in it. */
  readonly demo: boolean
}

/**
 * Reads `--json` or `--binary` and evaluates every rule over it, the size of its image included.
 * @throws CliError `CLI_FILE`, `CLI_INPUT`
 */
export async function readRunInput(options: RunOptions): Promise<RunInput> {
  const { data, profile, policy, provisioning, legacyImage } = options
  const mode = provisioning === 1 ? 'provisioning' : 'reconfigure'
  const input = await readFactoryData(data.path, {
    profile,
    policy,
    mode,
    keyStorage: 'flash',
    legacy: legacyImage,
  })
  requireKind(input, data.kind)
  const setting = { profile: profiles[profile], mode, policy, keyStorage: 'flash' } as const
  const findings = [...input.read.findings, ...(await judged(input, setting))]
  const published = await judged(input, { ...setting, policy: 'production' })
  return {
    image: input.form === 'image' ? input.octets : encodedOf(input, findings),
    data: input.read.data,
    setting,
    findings,
    demo: published.some(({ rule }) => rule === 'FD-011'),
  }
}

function judged(
  { read }: FactoryDataInput,
  setting: FactoryDataSetting,
): Promise<readonly Finding[]> {
  return prepareFactoryDataCheck(setting).check(read.data, { present: read.present })
}

/** What breaks a rule is not written anywhere: it has no image. */
function encodedOf({ read }: FactoryDataInput, findings: readonly Finding[]): Uint8Array {
  return hasErrors(findings) ? new Uint8Array() : encodeImage(read.data)
}

function requireKind({ form, place }: FactoryDataInput, kind: 'json' | 'binary'): void {
  const isImage = form === 'image'
  if (isImage === (kind === 'binary')) return
  const message = isImage ? `${place} is an image` : `${place} is JSON`
  throw new CliError('CLI_INPUT', message, {
    remedy: isImage ? 'name it with --binary' : 'name it with --json',
  })
}

/** The firmware files of a plan by the names that the options give them. @throws CliError `CLI_FILE` */
export async function readFirmware(
  paths: readonly (string | undefined)[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const firmware = new Map<string, Uint8Array>()
  for (const path of paths) {
    if (path === undefined) continue
    try {
      firmware.set(path, Uint8Array.from(await readFile(path)))
    } catch (cause) {
      throw new CliError('CLI_FILE', `${path} cannot be read`, { cause })
    }
  }
  return firmware
}
