import { toHex } from '@keyline/bytes'
import {
  commandAccessCodes,
  deviceTypes,
  hostKeyTypeCodes,
  type AuthorizationRecord,
  type CommandAccess,
  type DeviceType,
  type HostKeyType,
} from '@keyline/stsafe/layout'
import { VectorReader } from './vector-reader.ts'

/** One exchange as it stands in a vector. */
export interface Exchange {
  readonly request: Uint8Array
  /** Nothing: the chip did not acknowledge the write. */
  readonly response: Uint8Array | undefined
  readonly readLengths: readonly number[]
  readonly readNacks: number
}

/** The members that both sides read of one case (section 10). */
export interface StsafeCase {
  readonly name: string
  readonly api: readonly string[]
  readonly inputs: VectorReader
  readonly outputs: VectorReader | undefined
  readonly exchanges: readonly Exchange[]
  readonly returnCode: number
  readonly isLibraryDefect: boolean
  readonly json: VectorReader
}

/** The cases of a file that has calls; those of `published-samples` have none. */
export function stsafeCase(json: VectorReader): StsafeCase {
  return {
    name: json.text('name'),
    api: json.texts('api'),
    inputs: json.object('inputs'),
    outputs: json.holds('outputs') ? json.object('outputs') : undefined,
    exchanges: json.objects('exchanges').map((exchange) => ({
      request: exchange.octets('request'),
      response: exchange.holds('response') ? exchange.octets('response') : undefined,
      readLengths: exchange.holds('readLengths') ? exchange.numbers('readLengths') : [],
      readNacks: exchange.holds('readNacksBefore') ? exchange.number('readNacksBefore') : 0,
    })),
    returnCode: json.number('returnCode'),
    isLibraryDefect:
      json.holds('notes') && json.text('notes').startsWith('Library defect kept for reference'),
    json,
  }
}

/** Difference to the default profile; empty when there is none. */
export function deviceStateOf({ json }: StsafeCase): VectorReader {
  return json.holds('deviceState')
    ? json.object('deviceState')
    : new VectorReader('deviceState', {})
}

export function deviceTypeOf({ json }: StsafeCase): DeviceType {
  const model = json.has('deviceModel') ? json.text('deviceModel') : 'STSAFE-A120'
  const type = Object.values<DeviceType>(deviceTypes).find(({ name }) => name === model)
  if (type === undefined) throw new TypeError(`unknown device model ${model}`)
  return type
}

const accessNames = new Map<number, string>(
  Object.entries(commandAccessCodes).map(([name, code]) => [code, name]),
)

/** Records of the codes that the state names; all others stay free. */
export function authorizationOf(vector: StsafeCase): readonly AuthorizationRecord[] {
  const state = deviceStateOf(vector)
  if (!state.has('commandAccess')) return []
  const access = state.object('commandAccess')
  return access.entries().map(([opcode]) => {
    const entry = access.object(opcode)
    const flags = entry.has('encryption') ? entry.number('encryption') : 0
    return {
      code: Number.parseInt(opcode, 16),
      access: accessName(entry.number('ac')),
      encryption: { command: (flags & 2) !== 0, response: (flags & 1) !== 0 },
    }
  })
}

function accessName(code: number): CommandAccess {
  const name = accessNames.get(code)
  // The map was made of the table whose keys these are.
  if (name !== undefined) return name as CommandAccess
  throw new TypeError(`unknown access condition ${code}`)
}

export function keyTypeOf(reader: VectorReader): HostKeyType {
  const name = reader.has('keyType') ? reader.text('keyType') : 'AES-128'
  if (!Object.hasOwn(hostKeyTypeCodes, name)) throw new TypeError(`unknown key type ${name}`)
  // The name is a key of the table, as was just seen.
  return name as HostKeyType
}

export function hexOf(octets: Uint8Array): string {
  return toHex(octets)
}
