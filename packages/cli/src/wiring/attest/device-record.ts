import { fromHex, isKeylineError, Secret, toHex, type JsonValue } from '@keyline/bytes'
import type { RdpLevel } from '@keyline/psa/ccb'
import { CliError } from '../../errors.ts'
import { readJsonInput } from '../pki-input.ts'
import { jsonMembers } from './json-members.ts'

/** Where a simulated device keeps its attestation key (attestation D35). */
export const attesterKinds = ['stm32u385', 'tf-m'] as const
export type AttesterKind = (typeof attesterKinds)[number]

export const attesterAlgorithms = ['ES256', 'ES384', 'ES512'] as const
export type AttesterAlgorithm = (typeof attesterAlgorithms)[number]

export const duaKeyNames = ['FU', 'LU'] as const
export type DuaKey = (typeof duaKeyNames)[number]

/** What makes a simulated device the one that it is: what a real one has in its silicon and its flash. */
export interface AttesterRecord {
  readonly kind: AttesterKind
  /** 32 octets, in the place of the fuses: whoever has them has the device. */
  readonly rootSecret: Secret
  readonly rdp: RdpLevel
  /** Of an STM32U385: which of its device keys signs. */
  readonly deviceKey: DuaKey
  readonly algorithm: AttesterAlgorithm
  readonly implementationId: Uint8Array
  /** What the boot loader measured, as it hands it over. */
  readonly bootRecord: Uint8Array
}

const format = 'keyline-attester/1'
const levels: ReadonlyMap<JsonValue, RdpLevel> = new Map<JsonValue, RdpLevel>([
  [0, 0],
  [0.5, 0.5],
  [1, 1],
  [2, 2],
])

export function attesterRecordText(record: AttesterRecord): string {
  const { kind, rdp, deviceKey, algorithm, implementationId, bootRecord } = record
  const document = {
    format,
    kind,
    rdp,
    deviceKey,
    algorithm,
    implementationId: toHex(implementationId),
    bootRecord: toHex(bootRecord),
    rootSecret: toHex(record.rootSecret.reveal()),
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

/** @throws CliError `CLI_FILE`, `CLI_INPUT` with the member */
export async function readAttesterRecord(path: string): Promise<AttesterRecord> {
  const json = await readJsonInput(path)
  const members = jsonMembers(json)
  const refuse = (name: string): never => {
    throw new CliError(
      'CLI_INPUT',
      `${path}: the member ${name} is missing or has a value that it cannot have`,
    )
  }
  const octets = (name: string, length?: number): Uint8Array => {
    const text = members.get(name)
    try {
      const value = typeof text === 'string' ? fromHex(text) : undefined
      if (value !== undefined && (length ?? value.length) === value.length) return value
    } catch (error) {
      if (!isKeylineError(error)) throw error
    }
    return refuse(name)
  }
  const oneOf = <N extends string>(name: string, known: readonly N[]): N =>
    known.find((one) => one === members.get(name)) ?? refuse(name)
  if (members.get('format') !== format) refuse('format')
  return {
    kind: oneOf('kind', attesterKinds),
    rdp: levels.get(members.get('rdp') ?? null) ?? refuse('rdp'),
    deviceKey: oneOf('deviceKey', duaKeyNames),
    algorithm: oneOf('algorithm', attesterAlgorithms),
    implementationId: octets('implementationId', 32),
    bootRecord: octets('bootRecord'),
    rootSecret: new Secret(octets('rootSecret', 32)),
  }
}
