import {
  BytesError,
  layout,
  lengthPrefixed,
  listToEnd,
  octets,
  remaining,
  u16be,
  u8,
  type ByteReader,
  type ByteWriter,
  type Field,
} from '@keyline/bytes'
import { hashId, lv, type HashName } from '../algorithm.ts'
import { commandTable } from '../command.ts'
import {
  derivedKeyInformation,
  keyModeCodes,
  type DerivedKeyInformation,
} from '../symmetric-key.ts'
import { form } from './form.ts'

/** Where keys come from and go to (section 7.12). */
const source = { command: 0, response: 1, slot: 2 } as const

export type DeriveInput = { readonly key: Uint8Array } | { readonly slot: number }

export type DeriveOutput =
  | { readonly to: 'response'; readonly length: number }
  | { readonly to: 'slot'; readonly key: DerivedKeyInformation }

export interface DeriveRequest {
  /** Key in the command (HKDF mode), or in a slot. */
  readonly input: DeriveInput
  readonly hash: HashName
  /** HKDF-Extract with this salt; nothing: expand only. */
  readonly extract?: { readonly salt: DeriveInput } | undefined
  /** HKDF-Expand; nothing: extract only. */
  readonly expand?:
    | { readonly info: Uint8Array; readonly outputs: readonly DeriveOutput[] }
    | undefined
}

export const maxDeriveOutputs = 32

const Flag = { expand: 1, extract: 2 } as const

const output: Field<DeriveOutput> = {
  read(reader, path) {
    const to = reader.u8(`${path}.destination`)
    if (to === source.response) return { to: 'response', length: u16be.read(reader, path) }
    if (to === source.slot) return { to: 'slot', key: derivedKeyInformation.read(reader, path) }
    throw new BytesError('BYTES_RANGE', `${path}.destination is ${to}, but must be 1 or 2`)
  },
  write(writer, value, path) {
    writer.u8(source[value.to])
    if (value.to === 'response') u16be.write(writer, value.length, `${path}.length`)
    else derivedKeyInformation.write(writer, value.key, path)
  },
  min: 3,
  max: 8,
  notation: 'destination u8 ‖ ( length u16 | key information )',
}

/** More than 32 outputs are readable, so that the chip can refuse them by rule. */
const outputs = listToEnd(lengthPrefixed(u16be, output), 752)

function readInput(reader: ByteReader, path: string, mode: boolean): DeriveInput {
  const from = reader.u8(`${path}.source`)
  if (from === source.slot) return { slot: reader.u8(`${path}.slot`) }
  if (from !== source.command) {
    throw new BytesError('BYTES_RANGE', `${path}.source is ${from}, but must be 0 or 2`)
  }
  if (mode && reader.u8(`${path}.mode`) !== keyModeCodes.HKDF) {
    throw new BytesError('BYTES_RANGE', `${path}.mode is not HKDF`)
  }
  return { key: lv.read(reader, `${path}.key`) }
}

interface InputPlace {
  readonly path: string
  readonly mode: boolean
}

function writeInput(writer: ByteWriter, value: DeriveInput, { path, mode }: InputPlace): void {
  if ('slot' in value) {
    writer.u8(source.slot).u8(value.slot, `${path}.slot`)
    return
  }
  writer.u8(source.command)
  if (mode) writer.u8(keyModeCodes.HKDF)
  lv.write(writer, value.key, `${path}.key`)
}

const request: Field<DeriveRequest> = {
  read(reader, path) {
    const input = readInput(reader, `${path}.input`, true)
    const flags = reader.u8(`${path}.flags`)
    const hash = hashId.read(reader, `${path}.hash`)
    const extract =
      flags & Flag.extract ? { salt: readInput(reader, `${path}.salt`, false) } : undefined
    const expand =
      flags & Flag.expand
        ? { info: lv.read(reader, `${path}.info`), outputs: outputs.read(reader, path) }
        : undefined
    return { input, hash, extract, expand }
  },
  write(writer, value, path) {
    const { input, hash, extract, expand } = value
    writeInput(writer, input, { path: `${path}.input`, mode: true })
    writer.u8((extract ? Flag.extract : 0) | (expand ? Flag.expand : 0))
    hashId.write(writer, hash, `${path}.hash`)
    if (extract) writeInput(writer, extract.salt, { path: `${path}.salt`, mode: false })
    if (expand === undefined) return
    lv.write(writer, expand.info, `${path}.info`)
    outputs.write(writer, expand.outputs, `${path}.outputs`)
  },
  min: 14,
  max: 751,
  notation: 'source ‖ flags u8 ‖ hash ‖ [salt source] ‖ [info lv ‖ ( output lv )*]',
}

/** Section 3.13. Divide the answer with {@link derivedOutputs}. */
export const deriveForms = {
  deriveKeys: form(commandTable.deriveKeys, {
    name: 'Derive keys',
    section: '3.13',
    effect: 'once',
    request,
    response: layout({ octets: remaining(0, 751) }),
  }),
} as const

export type DerivedOutput = { readonly key: Uint8Array } | { readonly slot: number }

/** One key or slot number per output of the request, in order; an extraction alone answers the slot of its result. */
export function derivedOutputs({ expand }: DeriveRequest): Field<readonly DerivedOutput[]> {
  const descriptors: readonly DeriveOutput[] = expand?.outputs ?? [slotOnly]
  const lengths = descriptors.map((one) => (one.to === 'response' ? one.length : 1))
  const total = lengths.reduce((sum, length) => sum + length, 0)
  return {
    read: (reader, path) =>
      descriptors.map((one) =>
        one.to === 'response'
          ? { key: octets(one.length).read(reader, `${path}.key`) }
          : { slot: u8.read(reader, `${path}.slot`) },
      ),
    write(writer, value, path) {
      for (const one of value) {
        if ('slot' in one) u8.write(writer, one.slot, `${path}.slot`)
        else writer.octets(one.key)
      }
    },
    min: total,
    max: total,
  }
}

const slotOnly: DeriveOutput = {
  to: 'slot',
  key: {
    lock: 'erasable',
    type: 'generic',
    mode: 'HKDF',
    usage: [],
    returnable: false,
    keyLength: 32,
  },
}
