import { encode } from '@keyline/bytes'
import { hkdfExpandSha256, hmacSha256 } from '@keyline/crypto'
import {
  derivedOutputs,
  Form,
  keyLengthOf,
  maxDeriveOutputs,
  Status,
  type DerivedKeyInformation,
  type DerivedOutput,
  type DeriveInput,
  type DeriveRequest,
} from '@keyline/stsafe/layout'
import type { Context } from './context.ts'
import { demand, Refusal } from './refusal.ts'
import { service, type Service } from './service.ts'
import { demandSound, putSymmetricKey, symmetricKey } from './symmetric-slot.ts'

const prkLength = 32
const longestOutput = 255 * 32

/** Section 3.13: HKDF-SHA-256. */
export const deriveServices: readonly Service[] = [
  service(Form.deriveKeys, (context, request) => {
    const { input, hash, extract, expand } = request
    demand(hash === 'SHA-256', Status.valueOutOfRange)
    demand(extract !== undefined || expand !== undefined, Status.inconsistentCommandData)
    const source = sourceOf(context, input)
    const isReturned = expand?.outputs.some(({ to }) => to === 'response') === true
    demand(source.isReturnable || !isReturned, Status.wrongKeyUsage)
    demand(extract !== undefined || source.key.length === prkLength, Status.wrongKeyType)
    const prk =
      extract === undefined ? source.key : hmacSha256(saltOf(context, extract.salt), source.key)
    const derived =
      expand === undefined
        ? [stored(context, extracted(source.isReturnable), prk, new Set())]
        : expanded(context, prk, expand)
    return { octets: encode(derivedOutputs(request), derived, 'derived keys') }
  }),
]

interface Source {
  readonly key: Uint8Array
  /** Derived keys may leave the chip. */
  readonly isReturnable: boolean
}

/** Mode before usage, the reverse of other commands. @throws Refusal */
function sourceOf(context: Context, input: DeriveInput): Source {
  if ('key' in input) {
    demand(input.key.length > 0, Status.inconsistentCommandData)
    return { key: input.key, isReturnable: true }
  }
  const { information, key } = symmetricKey(context, input.slot)
  if (information.mode !== 'HKDF') throw new Refusal(Status.wrongModeOfOperation)
  demand(information.usage.includes('derive'), Status.wrongKeyUsage)
  return { key, isReturnable: information.returnable }
}

function saltOf(context: Context, salt: DeriveInput): Uint8Array {
  if ('key' in salt) return salt.key
  const { information, key } = symmetricKey(context, salt.slot)
  demand(information.type === 'generic', Status.wrongKeyType)
  return key
}

/** What an extraction leaves in its slot. */
function extracted(returnable: boolean): DerivedKeyInformation {
  return {
    lock: 'erasable',
    type: 'generic',
    mode: 'HKDF',
    usage: ['derive'],
    returnable,
    keyLength: prkLength,
  }
}

function expanded(
  context: Context,
  pseudorandomKey: Uint8Array,
  { info, outputs }: NonNullable<DeriveRequest['expand']>,
): readonly DerivedOutput[] {
  demand(outputs.length >= 1 && outputs.length <= maxDeriveOutputs, Status.inconsistentCommandData)
  for (const output of outputs) if (output.to === 'slot') demandSound(output.key)
  const lengths = outputs.map((one) => (one.to === 'slot' ? keyLengthOf(one.key) : one.length))
  const length = lengths.reduce((sum, one) => sum + one, 0)
  demand(length <= longestOutput, Status.inconsistentCommandData)
  const stream = hkdfExpandSha256({ pseudorandomKey, info, length })
  const taken = new Set<number>()
  let offset = 0
  return outputs.map((output, index) => {
    const end = offset + (lengths[index] ?? 0)
    const key = stream.slice(offset, end)
    offset = end
    return output.to === 'response' ? { key } : stored(context, output.key, key, taken)
  })
}

/**
 * Puts a key into the first empty slot that takes derived keys, else into the first whose key is unlocked; a slot that
 * this command has filled is not taken again.
 * @throws Refusal `14` where there is none
 */
function stored(
  context: Context,
  key: DerivedKeyInformation,
  octets: Uint8Array,
  taken: Set<number>,
): { readonly slot: number } {
  const open = context.state.symmetricSlots.flatMap(({ control, key: before }, slot) =>
    control.allowed.derived && !taken.has(slot) ? [{ slot, before }] : [],
  )
  const place =
    open.find(({ before }) => before === undefined) ??
    open.find(({ before }) => before?.information.lock === 'unlocked')
  if (place === undefined) throw new Refusal(Status.boundaryExceeded)
  const { slot } = place
  taken.add(slot)
  putSymmetricKey(context, slot, { information: { ...key, slot }, key: octets, counter: 0 })
  return { slot }
}
