import { decode, Secret, toHex } from '@keyline/bytes'
import { returnCodeOf, StsafeError } from '@keyline/stsafe'
import { hostKeyControl, type KeyInformation } from '@keyline/stsafe/layout'
import { deviceCalls, type ApiCall } from './stsafe-calls.ts'
import { deviceStateOf } from './stsafe-case.ts'
import type { Call } from './stsafe-inputs.ts'
import { provisioningCalls, useCalls } from './stsafe-key-calls.ts'
import { Deviation } from './stsafe-replay.ts'
import { runRecorded } from './stsafe-wire-step.ts'
import { VectorReader } from './vector-reader.ts'

const nothing = {}
const calls = { ...deviceCalls, ...useCalls, ...provisioningCalls }

/** A call of the tables with other arguments than the scenario names. */
async function make(name: string, call: Call, inputs: Readonly<Record<string, unknown>> = {}) {
  const made = calls[name]
  if (made === undefined) throw new TypeError(`${name} is no call`)
  const given = Object.fromEntries(call.inputs.entries())
  return made({ ...call, inputs: new VectorReader(name, { ...given, ...inputs }) })
}

/** The key of the example applications (sections 8.3 to 8.5). */
function exampleKey({ inputs }: Call): KeyInformation {
  const slot = inputs.number('slot')
  const common = { lock: 'unlocked', slot } as const
  if (inputs.has('minMacLength')) {
    const minMacLength = inputs.number('minMacLength')
    return {
      ...common,
      type: 'AES-128',
      mode: 'CMAC',
      usage: ['verifyMac', 'generateMac'],
      minMacLength,
    }
  }
  const tagLength = inputs.number('tagLength')
  return { ...common, type: 'AES-256', mode: 'CCM*', usage: ['decrypt', 'encrypt'], tagLength }
}

/** Each step of the example applications by its name. */
const steps: Readonly<Record<string, ApiCall>> = {
  stse_init: (call) => make('stse_init', call),
  'query-control': (call) => make('stsafea_query_host_key_provisioning_ctrl_fields', call),
  'print-control': (call) => make('stsafea_query_host_key_provisioning_ctrl_fields', call),
  'put-control': async ({ chip }) => {
    const control = decode(hostKeyControl, Uint8Array.of(0x07, 0xff), 'fields')
    await chip.hostKeys.putControl(control, { permanent: true })
    return nothing
  },
  provision: (call) => make('stse_host_key_provisioning', call),
  'provision-wrapped': (call) => make('stse_host_key_provisioning_wrapped', call),
  'slot-count': (call) => make('stse_get_symmetric_key_slots_count', call),
  table: (call) =>
    make(
      call.vector.name === 'command-ac'
        ? 'stse_device_get_command_AC_records'
        : 'stse_get_symmetric_key_table_info',
      call,
    ),
  count: (call) => make('stse_device_get_command_count', call),
  'table-after': (call) => make('stse_device_get_command_AC_records', call),
  'put-access-conditions': (call) => putRecords(call, 'accessRecords', 'command-access'),
  'put-encryption-flags': (call) => putRecords(call, 'encryptionRecords', 'command-encryption'),
  'write-wrapped': async (call) => {
    const key = new Secret(call.inputs.octets('key'))
    const options = { curve: 'P-256', permanent: true } as const
    await call.chip.symmetricKeys.writeWrapped(exampleKey(call), key, options)
    return nothing
  },
  establish: async (call) => {
    if (call.inputs.has('hostPublicKey')) {
      return make('stse_ecc_establish_shared_secret', call, { slot: 0xff, curve: 'P-256' })
    }
    const options = { curve: 'P-256', permanent: true } as const
    const [key] = await call.chip.symmetricKeys.establish([exampleKey(call)], options)
    return { key: toHex(key?.reveal() ?? new Uint8Array()) }
  },
  'open-session': async ({ chip, vector }) => {
    const keys = deviceStateOf(vector).object('hostKeys')
    await chip.openSession({
      macKey: new Secret(keys.octets('macKey')),
      cipherKey: new Secret(keys.octets('cipherKey')),
    })
    return nothing
  },
  'compute-mac': (call) => make('stse_cmac_hmac_compute', call),
  'verify-mac': (call) =>
    make('stse_cmac_hmac_verify', call, { mac: outputOf(call, 'compute-mac', 'mac') }),
  encrypt: (call) => make('stse_aes_ccm_encrypt', call),
  decrypt: (call) =>
    make('stse_aes_ccm_decrypt', call, {
      ciphertext: outputOf(call, 'encrypt', 'ciphertext'),
      tag: outputOf(call, 'encrypt', 'tag'),
    }),
  'generate-key': (call) => make('stsafea_generate_wrap_unwrap_key', call),
  wrap: (call) => make('stsafea_wrap_payload', call),
  unwrap: (call) =>
    make('stsafea_unwrap_payload', call, { wrapped: outputOf(call, 'wrap', 'wrapped') }),
  'generate-key-pair': (call) =>
    make('stse_generate_ecc_key_pair', call, { slot: 0xff, usageLimit: 1, curve: 'P-256' }),
}

function outputOf({ vector }: Call, step: string, member: string): string | undefined {
  return vector.outputs?.object(step).text(member)
}

async function putRecords(
  call: Call,
  member: string,
  kind: 'command-access' | 'command-encryption',
) {
  const tag = kind === 'command-access' ? '1029' : '102a'
  const exchange = call.vector.exchanges.find(({ request }) => toHex(request).startsWith(tag))
  const vector = { ...call.vector, exchanges: exchange === undefined ? [] : [exchange] }
  const records = call.inputs.text(member)
  return make('(raw frame)', { ...call, vector }, { records })
}

/** The examples whose steps are told by their requests alone: zones, key pairs, control fields of slots. */
function isToldByRequests({ vector }: Call): boolean {
  return vector.api.some((name) => /data_zone|counter_zone|signature|slot_provisioning/.test(name))
}

export interface ScenarioRun {
  /** What the steps gave, under their names. */
  readonly given: Readonly<Record<string, unknown>>
  /** Return code of the last step that failed as it was to; nothing when all succeeded. */
  readonly failure: number | undefined
}

/**
 * Runs the steps of a scenario in their order. A step that was to fail does not end it: the examples take "already done"
 * for an answer.
 */
export async function runScenario(call: Call): Promise<ScenarioRun> {
  const given: Record<string, unknown> = {}
  let failure: number | undefined
  for (const entry of call.vector.outputs?.objects('steps') ?? []) {
    const name = entry.text('step')
    const first = entry.number('firstExchange')
    const exchanges = call.vector.exchanges.slice(first, first + entry.number('exchangeCount'))
    const requests = exchanges.map(({ request }) => request)
    const isFixed = !isToldByRequests(call) || name === 'stse_init' || name === 'open-session'
    const known = isFixed ? steps[name] : undefined
    const expected = entry.has('returnCode') ? entry.number('returnCode') : 0
    try {
      given[name] = await (known === undefined ? runRecorded(call, requests) : known(call))
      if (expected !== 0) throw new Deviation(`${name} succeeds instead of ${expected}`)
    } catch (error) {
      if (!(error instanceof StsafeError) || returnCodeOf(error.code) !== expected) throw error
      failure = expected
    }
  }
  return { given, failure: call.vector.returnCode === 0 ? undefined : failure }
}
