import { concat, decode } from '@keyline/bytes'
import {
  commandAccessCodes,
  deviceTypes,
  ephemeralSlot,
  hostKeyControl,
  keyInformation,
  lifeCycleState,
  ProductTag,
  publicKeyFlags,
  symmetricKeyControl,
  zoneConditions,
  type CommandAccess,
  type CurveName,
  type DeviceTypeName,
  type HostKeyType,
} from '@keyline/stsafe/layout'
import {
  chipOf,
  nonceRule,
  spl05Profile,
  type ChipState,
  type Randomness,
  type SimulatedBus,
} from '@keyline/stsafe-sim'
import { VectorReader } from './vector-reader.ts'

/** The chip that a case starts from: the default profile of the vectors, and what `deviceState` changes of it. */
export function chipOfCase(vector: VectorReader): ChipState {
  const start = chipOf({ ...spl05Profile, commandAccess: {} })
  const device = vector.has('deviceModel') ? deviceOf(vector.text('deviceModel')) : start.device
  const inputs = new VectorReader(`${vector.text('name')}.inputs`, vector.raw('inputs') ?? {})
  const named = inputs.has('maskId') ? withMask(start, inputs.octets('maskId')) : start
  const state = { ...named, device }
  return vector.holds('deviceState') ? changed(state, vector.object('deviceState')) : state
}

function deviceOf(model: string): DeviceTypeName {
  if (model === deviceTypes.A100.name) return 'A100'
  return model === deviceTypes.A110.name ? 'A110' : 'A120'
}

type Volatile = SimulatedBus['chip']['volatile']

/** What the case says of the volatile contexts: an outstanding challenge, and the key of the ephemeral slot. */
export function volatileOfCase(vector: VectorReader): Partial<Volatile> {
  if (!vector.holds('deviceState')) return {}
  const state = vector.object('deviceState')
  const keys = state.holds('privateKeys') ? state.object('privateKeys') : undefined
  const ephemeral =
    keys?.has(`${ephemeralSlot}`) === true ? keys.object(`${ephemeralSlot}`) : undefined
  return {
    ...(state.holds('challenge') && { challenge: state.octets('challenge') }),
    ...(ephemeral && { ephemeralKey: privateKeyOf(ephemeral) }),
  }
}

function privateKeyOf(key: VectorReader): NonNullable<Volatile['ephemeralKey']> {
  const curve = curveOf(key.text('curve'))
  return { curve, octets: key.octets('privateKey'), usageLimit: 0xffff }
}

/** Draws in the order that the case has recorded. */
export function randomnessOfCase(vector: VectorReader): Randomness {
  const draws = vector.holds('deviceRandomness') ? [...vector.objects('deviceRandomness')] : []
  const next = (member: string): Uint8Array => {
    const draw = draws.shift()
    if (draw === undefined) throw new TypeError('the chip draws more often than the case says')
    return draw.octets(member)
  }
  return {
    bytes: () => next('bytes'),
    privateKey: () => next('privateKey'),
    nonces: nonceRule,
    position: 0,
  }
}

function withMask(state: ChipState, maskId: Uint8Array): ChipState {
  const product = state.productData.map((entry) =>
    entry.tag === ProductTag.maskId ? { ...entry, value: maskId } : entry,
  )
  return { ...state, productData: product }
}

type Change = (state: ChipState, value: VectorReader) => ChipState

function changed(state: ChipState, difference: VectorReader): ChipState {
  return difference.entries().reduce<ChipState>((before, [name]) => {
    const simple = simpleChanges[name]
    if (simple !== undefined) return simple(before, difference)
    const change = changes[name]
    if (change === undefined) throw new TypeError(`deviceState.${name} is not known`)
    return difference.raw(name) === null ? before : change(before, difference.object(name))
  }, state)
}

/** Members that are no objects. */
const simpleChanges: Readonly<Record<string, Change>> = {
  lifeCycleState: (state, all) => ({
    ...state,
    lifeCycle: decode(lifeCycleState, Uint8Array.of(all.number('lifeCycleState')), 'life cycle'),
  }),
  hostProvisioningControl: (state, all) => ({
    ...state,
    hostControl: decode(hostKeyControl, all.octets('hostProvisioningControl'), 'host control'),
  }),
  // An outstanding challenge is volatile: whoever makes the chip of the case puts it in.
  challenge: (state) => state,
}

const changes: Readonly<Record<string, Change>> = {
  changeRights: (state, value) => ({
    ...state,
    changeRights: {
      access: value.number('commandAC') === 1,
      encryption: value.number('encryptionFlags') === 1,
    },
  }),
  commandAccess: (state, value) => ({
    ...state,
    authorization: state.authorization.map((record) => {
      const name = record.code.toString(16).padStart(record.code > 0xff ? 4 : 2, '0')
      if (!value.has(name)) return record
      const entry = value.object(name)
      const flags = entry.has('encryption') ? entry.number('encryption') : 0
      return {
        code: record.code,
        access: accessOf(entry.number('ac')),
        encryption: { command: (flags & 2) !== 0, response: (flags & 1) !== 0 },
      }
    }),
  }),
  hostKeys: (state, value) => ({
    ...state,
    hostKeys: {
      type: hostKeyTypeOf(value.text('type')),
      macKey: value.octets('macKey'),
      cipherKey: value.octets('cipherKey'),
    },
    hostCounter: value.number('counter'),
  }),
  symmetricSlotControl: (state, value) => ({
    ...state,
    symmetricSlots: state.symmetricSlots.map((slot, index) =>
      value.has(`${index}`)
        ? { ...slot, control: decode(symmetricKeyControl, value.octets(`${index}`), 'control') }
        : slot,
    ),
  }),
  symmetricKeys: (state, value) => ({
    ...state,
    symmetricSlots: state.symmetricSlots.map((slot, index) => {
      if (!value.has(`${index}`)) return slot
      const key = value.object(`${index}`)
      const lock = key.has('lock') ? key.number('lock') : 0
      const record = concat(
        Uint8Array.of(lock, index, key.number('type'), key.number('mode')),
        key.octets('usage'),
        key.octets('parameters'),
      )
      return {
        ...slot,
        key: {
          information: decode(keyInformation, record, 'key information'),
          key: key.octets('key'),
          counter: key.has('counter') ? key.number('counter') : 0,
        },
      }
    }),
  }),
  privateKeys: (state, value) => ({
    ...state,
    privateKeys: state.privateKeys.map((slot) => {
      if (!value.has(`${slot.slot}`)) return slot
      return { ...slot, key: privateKeyOf(value.object(`${slot.slot}`)) }
    }),
  }),
  publicKeys: (state, value) => ({
    ...state,
    publicKeys: state.publicKeys.map((slot, index) => {
      if (!value.has(`${index}`)) return slot
      const key = value.object(`${index}`)
      const flags = decode(publicKeyFlags, key.octets('flags'), 'flags')
      const publicKey = key.octets('publicKey')
      return { flags, key: { curve: curveOf(key.text('curve')), publicKey } }
    }),
  }),
  localEnvelopeKeys: (state, value) => ({
    ...state,
    envelopeKeys: state.envelopeKeys.map((key, slot) =>
      value.has(`${slot}`) ? value.octets(`${slot}`) : key,
    ),
  }),
  password: (state, value) => ({
    ...state,
    password: {
      value: value.octets('value'),
      remainingTries: value.number('tries'),
      maxTries: 3,
    },
  }),
  zones: (state, value) => ({
    ...state,
    zones: state.zones.map((zone, index) => {
      if (!value.has(`${index}`)) return zone
      const difference = value.object(`${index}`)
      const data = Uint8Array.from(zone.data)
      if (difference.has('data')) data.set(difference.octets('data'))
      const conditions = difference.has('ac')
        ? decode(zoneConditions, difference.octets('ac'), 'conditions')
        : {}
      const counter = difference.has('counter') ? difference.number('counter') : zone.entry.counter
      return { entry: { ...zone.entry, ...conditions, counter }, data }
    }),
  }),
}

function accessOf(code: number): CommandAccess {
  const found = accessNames.find((name) => commandAccessCodes[name] === code)
  if (found === undefined) throw new TypeError(`access condition ${code} is not known`)
  return found
}

const accessNames: readonly CommandAccess[] = [
  'never',
  'free',
  'admin',
  'host',
  'admin-or-password',
  'admin-or-host',
]

function hostKeyTypeOf(name: string): HostKeyType {
  return name === 'AES-256' ? 'AES-256' : 'AES-128'
}

export function curveOf(name: string): CurveName {
  const found = curveNames.find((curve) => curve === name)
  if (found === undefined) throw new TypeError(`curve ${name} is not known`)
  return found
}

const curveNames: readonly CurveName[] = [
  'P-256',
  'P-384',
  'P-521',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
  'X25519',
  'Ed25519',
]
