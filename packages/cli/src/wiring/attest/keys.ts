import { toHex, type JsonValue } from '@keyline/bytes'
import { bootComponents, instanceIdOf, keyText } from '@keyline/eat'
import { pemEncode } from '@keyline/x509'
import { CliError } from '../../errors.ts'
import { readInput } from '../pki-input.ts'
import { writeWhole } from '../pki-output.ts'
import { fieldsText } from '../stsafe-text.ts'
import { certificateSummary } from './certificate-summary.ts'
import { valueMeaning } from './claim-meanings.ts'
import {
  attesterFolder,
  makeAttester,
  openAttester,
  exportKey,
  type Attester,
  type AttesterOptions,
} from './device.ts'
import { readComponents, simulatedFirmware, type FirmwareOptions } from './firmware.ts'

/** What a command found: the text for people, the document for `--json`. */
export interface KeyReport {
  readonly text: string
  readonly document: Readonly<Record<string, JsonValue>>
}

export interface MakeKeysOptions
  extends FirmwareOptions, Omit<AttesterOptions, 'components' | 'implementationId'> {
  readonly device: string
  readonly implementationId?: Uint8Array | undefined
}

/** Files that parts of a device are written to. */
export interface ExportFiles {
  readonly publicKey?: string | undefined
  readonly certificate?: string | undefined
  readonly authority?: string | undefined
  readonly container?: string | undefined
}

/** Makes a simulated device with its attestation key. */
export async function makeKeys(options: MakeKeysOptions): Promise<KeyReport> {
  const { implementationId, device } = options
  if (implementationId !== undefined && implementationId.length !== 32) {
    throw new CliError(
      'CLI_USAGE',
      `--implementation-id has ${implementationId.length} octets, not 32`,
    )
  }
  if (options.kind === 'stm32u385' && options.algorithm !== 'ES256') {
    throw new CliError(
      'CLI_USAGE',
      `the device keys of an STM32U385 sign with ES256, not ${options.algorithm}`,
      {
        remedy: 'leave --algorithm out, or make a device of --kind tf-m',
      },
    )
  }
  const components = (await readComponents(options)) ?? simulatedFirmware()
  const attester = await makeAttester(attesterFolder(device), { ...options, components })
  return report(attester)
}

export async function showKeys(device: string): Promise<KeyReport> {
  return report(await openAttester(attesterFolder(device)))
}

/** Writes public parts of a device to files: key, certificate and authority in PEM, the wrapped key as RSSe-KW left it. */
export async function exportKeys(device: string, files: ExportFiles): Promise<KeyReport> {
  const { publicKey, chain, container } = await openAttester(attesterFolder(device))
  const parts = [
    { path: files.publicKey, content: keyText(publicKey), what: 'public key' },
    {
      path: files.certificate,
      content: chain && pemEncode('CERTIFICATE', chain.leaf),
      what: 'certificate',
    },
    {
      path: files.authority,
      content: chain && pemEncode('CERTIFICATE', chain.authority),
      what: 'authority',
    },
    { path: files.container, content: container, what: 'wrapped key' },
  ]
  const wanted = parts.flatMap(({ path, ...part }) =>
    path === undefined ? [] : [{ path, ...part }],
  )
  if (wanted.length === 0) {
    throw new CliError('CLI_USAGE', 'no file is named', {
      remedy: 'name one with --public-key, --certificate, --authority or --container',
    })
  }
  const whole = wanted.map(({ path, content, what }) => {
    if (content !== undefined) return { path, content, what }
    throw new CliError(
      'CLI_USAGE',
      `the device has no ${what}: its key was made in its own storage`,
    )
  })
  for (const { path, content } of whole) await writeWhole({ path, content })
  return {
    text: whole.map(({ what, path }) => `${what} in ${path}\n`).join(''),
    document: { files: whole.map(({ what, path }) => ({ what, path })) },
  }
}

/** What ST's programmer does with `-rssekw`: the wrapped device key of the chip, or a user's, in a file. */
export async function exportWrapped(
  device: string,
  options: {
    readonly path: string
    readonly parameters: readonly string[]
    readonly userKey?: string | undefined
  },
): Promise<KeyReport> {
  const { path, parameters } = options
  const userKey =
    options.userKey === undefined ? undefined : await readInput(options.userKey, 'key')
  const { publicKey, container } = await exportKey(attesterFolder(device), {
    path,
    parameters,
    userKey,
  })
  const point = publicKey && toHex(publicKey)
  return {
    text: fieldsText({
      'wrapped key': `${path}, ${container.length} octets`,
      ...(point !== undefined && { 'public key': point }),
    }),
    document: { container: path, octets: container.length, publicKey: point ?? null },
  }
}

function report(attester: Attester): KeyReport {
  const { record, attributes, publicKey, lifecycle, container, chain } = attester
  const { kind, deviceKey, implementationId, algorithm } = record
  const lifetime = attributes.lifetime >>> 0
  const place =
    kind === 'stm32u385'
      ? `DUA key ${deviceKey}, wrapped for this chip (Key Wrap Engine)`
      : 'made on the device, in its Internal Trusted Storage'
  const components = bootComponents(record.bootRecord)
  const shown = {
    device: kind === 'stm32u385' ? 'STM32U385, simulated' : 'TF-M board, simulated',
    key: place,
    'key id': `0x${attributes.id.toString(16).padStart(8, '0')}`,
    lifetime: `0x${lifetime.toString(16).padStart(8, '0')}`,
    algorithm: `${algorithm}, ${publicKey.curve}`,
    'public key': `04${toHex(publicKey.octets)}`,
    'instance id': toHex(instanceIdOf(publicKey)),
    'implementation id': toHex(implementationId),
    'life cycle': `0x${lifecycle.toString(16)}, ${valueMeaning('securityLifecycle', lifecycle) ?? ''}`,
    ...(container !== undefined && { container: `RSSe-KW, ${container.length} octets` }),
    ...(chain !== undefined && {
      certificate: certificateSummary(chain.leaf).text,
      authority: `${certificateSummary(chain.authority).text}: simulated, trust it in tests alone`,
    }),
    firmware: components
      .map(({ measurementType, version }) =>
        [measurementType ?? 'unnamed', version ?? ''].join(' ').trim(),
      )
      .join(', '),
  }
  return {
    text: fieldsText(shown),
    document: {
      kind,
      simulated: true,
      keyId: attributes.id,
      lifetime,
      algorithm,
      publicKey: keyText(publicKey),
      instanceId: toHex(instanceIdOf(publicKey)),
      implementationId: toHex(implementationId),
      lifecycle,
      container: container === undefined ? null : toHex(container),
      certificate: chain === undefined ? null : pemEncode('CERTIFICATE', chain.leaf),
      authority: chain === undefined ? null : pemEncode('CERTIFICATE', chain.authority),
    },
  }
}
