import { concat, decode, encode, toHex } from '@keyline/bytes'
import {
  commandAccessCodes,
  commandAccessRecords,
  commandEncryptionRecords,
  curves,
  hostKeyControl,
  hostKeyTypeCodes,
  keyTableEntry,
  lifeCycleCodes,
  localEnvelopeTable,
  privateKeyTable,
  publicKeyFlags,
  symmetricKeyControl,
  zoneAccessCodes,
  zoneOption,
  type AuthorizationRecord,
  type KeyTableEntry,
  type PrivateKeySlot,
} from '@keyline/stsafe/layout'
import {
  accessChangeOf,
  curveOf,
  hashNameOf,
  hostKeysOf,
  messageOf,
  padded,
  plainPayload,
  protectionOf,
  type Call,
} from './stsafe-inputs.ts'

/** Makes one call of STSELib with its counterpart here; what it gives stands under the names of the vectors. */
export type ApiCall = (call: Call) => Promise<Readonly<Record<string, unknown>>>

const nothing = {}
const permanent = { permanent: true }

function recordOf({ code, access, encryption }: AuthorizationRecord) {
  return {
    header: code > 0xff ? 0x1f : code,
    extended: code > 0xff ? code & 0xff : 0,
    ac: commandAccessCodes[access],
    cmdEncrypted: Number(encryption.command),
    rspEncrypted: Number(encryption.response),
  }
}

function keyRecord(entry: KeyTableEntry | undefined): string {
  return toHex(padded(encode(keyTableEntry, entry, 'entry'), 11))
}

function privateKeyRecord(slot: PrivateKeySlot): string {
  const table = encode(privateKeyTable, { globalUsageLimit: 0, slots: [slot] }, 'table')
  return toHex(padded(table.subarray(4), 15))
}

/** Parts, attributes and tables. */
export const deviceCalls: Readonly<Record<string, ApiCall>> = {
  stse_init: async ({ chip, vector }) => {
    await chip.initialise()
    const { name } = chip.deviceType
    const isTold = vector.outputs?.has('deviceTypeIndex') === true
    const index = ['STSAFE-A100', 'STSAFE-A110', 'STSAFE-A120'].indexOf(name)
    return isTold ? { deviceTypeIndex: index } : { deviceType: name }
  },
  stse_device_echo: async ({ chip, inputs }) => {
    const echoed = toHex(await chip.device.echo(messageOf(inputs)))
    return { echoed, first3: echoed.slice(0, 6) }
  },
  stse_device_reset: async ({ chip }) => (await chip.device.reset(), nothing),
  stse_generate_random: async ({ chip, inputs }) => ({
    random: toHex(await chip.device.random(inputs.number('size'))),
  }),
  stsafea_generate_random: async ({ chip, inputs }) => ({
    random: toHex(await chip.device.random(inputs.number('size'))),
  }),
  stsafea_hibernate: async ({ chip, inputs }) => {
    const wakeUp = inputs.number('wakeUpMode') === 1 ? 'start-or-reset' : 'reset'
    await chip.device.hibernate(wakeUp, { onAnyPart: true })
    return nothing
  },
  stse_device_enter_hibernate: async ({ chip, inputs }) => {
    const wakeUp = inputs.number('wakeUpMode') === 1 ? 'start-or-reset' : 'reset'
    await chip.device.hibernate(wakeUp)
    return nothing
  },
  stse_device_get_life_cycle_state: async ({ chip }) => {
    const code = lifeCycleCodes[await chip.device.lifeCycleState()]
    return { value: toHex(Uint8Array.of(code)) }
  },
  stsafea_put_life_cyle_state: async ({ chip, inputs }) => {
    await chip.device.putLifeCycleState(reachable(inputs.number('state')))
    return nothing
  },
  stsafea_query_mask_id: async ({ chip }) => {
    const [first] = await chip.device.productData()
    return { value: toHex(first?.value ?? new Uint8Array()) }
  },
  stsafea_query_i2c_parameters: async ({ chip }) => {
    const { address, power } = await chip.device.i2cParameters()
    const low = { none: 0, 'reserved-1': 1, standby: 2, 'reserved-3': 3 }[power.lowPower]
    const second = Number(power.locked) | (low << 1) | (power.idle << 3)
    return { value: toHex(Uint8Array.of(address.address << 1, second)) }
  },
  stse_put_i2c_parameters: async ({ chip, inputs }) => {
    const power = {
      locked: inputs.number('lock') === 1,
      lowPower: inputs.number('lowPowerMode') === 2 ? 'standby' : 'none',
      idle: inputs.number('idleBusTime'),
    } as const
    const address = { address: inputs.number('address') }
    await chip.device.putI2cParameters({ address, power }, permanent)
    return nothing
  },
  stse_device_get_command_count: async ({ chip }) => {
    const { records } = await chip.device.commandAuthorization()
    return { value: toHex(Uint8Array.of(records.length)) }
  },
  stse_device_get_command_AC_records: async ({ chip }) => {
    const { changeRights, records } = await chip.device.commandAuthorization()
    const rights = Number(changeRights.encryption) | (Number(changeRights.access) << 1)
    return { changeRights: rights, records: records.map(recordOf) }
  },
  '(raw query)': async ({ chip, vector }) => {
    const [tag] = plainPayload(vector.exchanges[0]?.request ?? new Uint8Array())
    if (tag === 0x09) {
      const { presence, remainingTries } = await chip.device.passwordSlot()
      return { payload: toHex(Uint8Array.of(Number(presence), remainingTries)) }
    }
    if (tag !== 0x07) throw new TypeError(`query ${tag} has no call`)
    const table = await chip.envelopes.table()
    return { payload: toHex(encode(localEnvelopeTable, table, 'table')) }
  },
  '(raw frame)': putTable,
  '(raw frame, example 02_Command_AC_provisioning)': putTable,
  stsafea_query_host_key_provisioning_ctrl_fields: async ({ chip }) => {
    const fields = encode(hostKeyControl, await chip.hostKeys.control(), 'fields')
    return { value: toHex(fields), fields: toHex(fields) }
  },
  stsafea_put_host_key_provisioning_ctrl_fields: async ({ chip, inputs }) => {
    const control = decode(hostKeyControl, inputs.octets('fields'), 'fields')
    await chip.hostKeys.putControl(control, permanent)
    return nothing
  },
  stsafea_query_host_key: async ({ chip }) => {
    const { presence, counter } = await chip.hostKeys.slot()
    const octets = [counter >> 16, (counter >> 8) & 0xff, counter & 0xff]
    return { value: toHex(Uint8Array.of(Number(presence), ...octets)) }
  },
  stsafea_query_host_key_v2: async ({ chip }) => {
    const { presence, type, counter } = await chip.hostKeys.slot()
    const octets = new Uint8Array(6)
    octets.set([Number(presence), hostKeyTypeCodes[type]])
    new DataView(octets.buffer).setUint32(2, counter)
    return { value: toHex(octets) }
  },
  stsafea_put_attribute_host_key: async ({ chip, inputs }) => {
    await chip.hostKeys.provision(hostKeysOf(inputs))
    return nothing
  },
  stse_get_symmetric_key_slots_count: async ({ chip }) => {
    const { length } = await chip.symmetricKeys.table()
    return { value: toHex(Uint8Array.of(length)), count: length }
  },
  stse_get_symmetric_key_table_info: async ({ chip }) => ({
    records: (await chip.symmetricKeys.table()).map(keyRecord),
  }),
  stse_get_symmetric_key_slot_info: async ({ chip, inputs }) => ({
    record: keyRecord(await chip.symmetricKeys.slot(inputs.number('slot'))),
  }),
  stse_get_symmetric_key_slot_provisioning_ctrl_fields: async ({ chip, inputs }) => {
    const control = await chip.symmetricKeys.control(inputs.number('slot'))
    return { value: toHex(encode(symmetricKeyControl, control, 'fields')) }
  },
  stse_set_symmetric_key_slot_provisioning_ctrl_fields: putKeyControl,
  stsafea_put_symmetric_key_slot_provisioning_ctrl_fields: putKeyControl,
  stse_get_ecc_key_slots_count: async ({ chip }) => ({
    value: toHex(Uint8Array.of((await chip.ecc.table()).slots.length)),
  }),
  stse_get_ecc_key_table_info: async ({ chip }) => {
    const { globalUsageLimit, slots } = await chip.ecc.table()
    return { globalUsageLimit, count: slots.length, records: slots.map(privateKeyRecord) }
  },
  stse_get_ecc_key_slot_info: async ({ chip, inputs }) => {
    const slot = await chip.ecc.slot(inputs.number('slot'))
    return { record: privateKeyRecord(slot) }
  },
  stsafea_query_generic_public_key_slots_count: async ({ chip }) => ({
    value: toHex(Uint8Array.of(await chip.publicKeys.count())),
  }),
  stsafea_query_generic_public_key_slot_info: async ({ chip, inputs }) => {
    const { flags, key } = await chip.publicKeys.slot(inputs.number('slot'))
    const octets = toHex(encode(publicKeyFlags, flags, 'flags'))
    if (key === undefined) return { present: 0, flags: octets }
    return { present: 1, flags: octets, keyTypeIndex: Object.keys(curves).indexOf(key.curve) }
  },
  stsafea_query_generic_public_key_slot_value: async ({ chip, inputs }) => {
    const { key } = await chip.publicKeys.slot(inputs.number('slot'))
    return { publicKey: toHex(key?.publicKey ?? new Uint8Array()) }
  },
  stsafea_set_generic_public_slot_configuration_flag: async ({ chip, inputs }) => {
    const flags = decode(publicKeyFlags, inputs.octets('flags'), 'flags')
    await chip.publicKeys.setFlags(inputs.number('slot'), flags, permanent)
    return nothing
  },
  stse_write_generic_ecc_public_key: async ({ chip, inputs }) => {
    const key = { curve: curveOf(inputs), publicKey: inputs.octets('publicKey') }
    await chip.publicKeys.write(inputs.number('slot'), key, permanent)
    return nothing
  },
  stsafea_delete_password: async ({ chip }) => (await chip.device.deletePassword(), nothing),
  stsafea_verify_password: async ({ chip, inputs }) => {
    const verdict = await chip.device.verifyPassword(inputs.octets('password'))
    return { verified: Number(verdict.verified), remainingTries: verdict.remainingTries }
  },
  stse_device_lock: async ({ chip, inputs }) => (
    await chip.device.lock(inputs.octets('password')),
    nothing
  ),
  stse_device_unlock: async ({ chip, inputs }) => (
    await chip.device.unlock(inputs.octets('password')),
    nothing
  ),
}

/** Zones and digests. */
export const storageCalls: Readonly<Record<string, ApiCall>> = {
  stse_data_storage_get_total_partition_count: async ({ chip }) => ({
    value: toHex(Uint8Array.of((await chip.zones.table()).length)),
  }),
  stse_data_storage_get_partitioning_table: async ({ chip }) => ({
    records: (await chip.zones.table()).map((zone) => ({
      index: zone.index,
      type: zone.type === 'counter' ? 1 : 0,
      length: zone.length,
      readCR: Number(zone.readChangeRight),
      readAC: zoneAccessCodes[zone.readAccess],
      updateCR: Number(zone.updateChangeRight),
      updateAC: zoneAccessCodes[zone.updateAccess],
      counter: zone.counter ?? 0,
    })),
  }),
  stse_data_storage_read_data_zone: async ({ chip, inputs }) => {
    const chunkSize = inputs.has('chunkSize') ? inputs.number('chunkSize') : 0
    const options = { ...protectionOf(inputs), chunkSize }
    return { data: toHex(await chip.zones.read(rangeOf(inputs), options)) }
  },
  stse_data_storage_read_counter_zone: async ({ chip, inputs }) => {
    const options = { chunkSize: inputs.number('chunkSize') }
    const { counter, data } = await chip.zones.readCounter(rangeOf(inputs), options)
    return { counter, data: toHex(data) }
  },
  stse_data_storage_update_data_zone: async ({ chip, inputs }) => {
    const atomic = inputs.has('atomic') && inputs.flag('atomic')
    await chip.zones.update(dataOf(inputs), { ...protectionOf(inputs), atomic })
    return nothing
  },
  stsafea_update_data_zone: async ({ chip, inputs }) => {
    const { change, atomic } = decode(zoneOption, inputs.octets('option'), 'option')
    if (change === undefined) await chip.zones.update(dataOf(inputs), { atomic })
    else
      await chip.zones.changeUpdateAccess({ ...dataOf(inputs), change }, { atomic, ...permanent })
    return nothing
  },
  stse_data_storage_decrement_counter_zone: async ({ chip, inputs }) => {
    const input = { ...dataOf(inputs), amount: inputs.number('amount') }
    return { newCounter: await chip.zones.decrement(input, protectionOf(inputs)) }
  },
  stse_data_storage_change_read_access_condition: async ({ chip, inputs }) => {
    const { change, options } = accessChangeOf(inputs)
    await chip.zones.changeReadAccess(inputs.number('zone'), change, options)
    return nothing
  },
  stse_data_storage_change_update_access_condition: async ({ chip, inputs }) => {
    const { change, options } = accessChangeOf(inputs)
    const atomic = inputs.flag('atomic')
    await chip.zones.changeUpdateAccess({ ...dataOf(inputs), change }, { ...options, atomic })
    return nothing
  },
  stse_data_storage_change_decrement_access_condition: async ({ chip, inputs }) => {
    const { change, options } = accessChangeOf(inputs)
    const input = { ...dataOf(inputs), amount: inputs.number('amount'), change }
    return { newCounter: await chip.zones.changeDecrementAccess(input, options) }
  },
  stse_compute_hash: async ({ chip, inputs }) => ({
    digest: toHex(await chip.hashes.compute(hashNameOf(inputs), inputs.octets('message'))),
  }),
  stse_process_hash: async ({ chip, inputs }) => {
    await chip.hashes.process(inputs.octets('message'))
    return nothing
  },
  'stse_start_hash,stse_process_hash,stse_finish_hash': async ({ chip, inputs }) => {
    const algorithm = hashNameOf(inputs)
    const pieces = splitOf(inputs.octets('message'), inputs.numbers('split'))
    await chip.hashes.start(algorithm, pieces[0] ?? new Uint8Array())
    for (const piece of pieces.slice(1, -1)) await chip.hashes.process(piece)
    return { digest: toHex(await chip.hashes.finish(algorithm, pieces.at(-1))) }
  },
}

/** The two states that the call offers. The others the chip refuses: that it does, a vector may show. */
function reachable(code: number): 'operational' | 'operational-locked' {
  const name = Object.entries(lifeCycleCodes).find(([, one]) => one === code)?.[0]
  if (name === undefined) throw new TypeError(`life cycle state ${code} has no name`)
  // A state that can be encoded, if not one that can be reached.
  return name as 'operational' | 'operational-locked'
}

function rangeOf(inputs: Call['inputs']) {
  const [zone, offset] = [inputs.number('zone'), inputs.number('offset')]
  return { zone, offset, length: inputs.number('length') }
}

function dataOf(inputs: Call['inputs']) {
  const [zone, offset] = [inputs.number('zone'), inputs.number('offset')]
  return { zone, offset, data: inputs.octets('data') }
}

/** Pieces of these lengths, in order. */
export function splitOf(octets: Uint8Array, lengths: readonly number[]): readonly Uint8Array[] {
  let offset = 0
  return lengths.map((length) => {
    const piece = octets.subarray(offset, offset + length)
    offset += length
    return piece
  })
}

async function putTable({ chip, inputs, vector }: Call) {
  const [tag, count] = plainPayload(vector.exchanges[0]?.request ?? new Uint8Array())
  const octets = concat(Uint8Array.of(count ?? 0), inputs.octets('records'))
  if (tag === 0x29) {
    const records = decode(commandAccessRecords, octets, 'records')
    await chip.device.putCommandAccess(records, permanent)
  } else if (tag === 0x2a) {
    const records = decode(commandEncryptionRecords, octets, 'records')
    await chip.device.putCommandEncryption(records, permanent)
  } else {
    throw new TypeError(`tag ${tag} has no call`)
  }
  return nothing
}

async function putKeyControl({ chip, inputs }: Call) {
  const control = decode(symmetricKeyControl, inputs.octets('fields'), 'fields')
  await chip.symmetricKeys.putControl(inputs.number('slot'), control, permanent)
  return nothing
}
