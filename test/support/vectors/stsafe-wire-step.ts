import { encode, toHex } from '@keyline/bytes'
import {
  commandTable,
  decodeCommandFrame,
  decodeRequest,
  Form,
  hasSelector,
  symmetricKeyControl,
} from '@keyline/stsafe/layout'
import { plainPayload, curveOf, type Call } from './stsafe-inputs.ts'

const permanent = { permanent: true }

/** A step of a scenario that is told by its requests alone: the call that makes them, with their arguments. */
export async function runRecorded(
  { chip, inputs, vector }: Call,
  requests: readonly Uint8Array[],
): Promise<Readonly<Record<string, unknown>>> {
  const payloads = requests.map(plainPayload)
  const [first = new Uint8Array()] = payloads
  const frame = decodeCommandFrame(requests[0] ?? new Uint8Array())
  const code = typeof frame === 'string' ? -1 : frame.code
  switch (code) {
    case commandTable.read.code: {
      const reads = payloads.map((payload) => decodeRequest(Form.readData, payload))
      const [{ zone, offset, length: chunkSize } = { zone: 0, offset: 0, length: 0 }] = reads
      const length = reads.reduce((sum, read) => sum + read.length, 0)
      const range = { zone, offset, length }
      if (!vector.api.includes('stse_data_storage_read_counter_zone')) {
        return { data: toHex(await chip.zones.read(range, { chunkSize })) }
      }
      const { counter, data } = await chip.zones.readCounter(range, { chunkSize })
      return { counter, data: toHex(data) }
    }
    case commandTable.generateRandom.code: {
      const sizes = payloads.map((payload) => decodeRequest(Form.generateRandom, payload).size)
      const size = sizes.reduce((sum, one) => sum + one, 0)
      return { random: toHex(await chip.device.random(size)) }
    }
    case commandTable.update.code:
      await chip.zones.update(decodeRequest(Form.update, first))
      return {}
    case commandTable.decrement.code: {
      const counter = await chip.zones.decrement(decodeRequest(Form.decrement, first))
      return { newCounter: counter, counter }
    }
    case commandTable.generateKey.code: {
      const publicKey = await chip.ecc.generateKeyPair(decodeRequest(Form.generateKeyPair, first))
      return { publicKey: toHex(publicKey) }
    }
    case commandTable.generateSignature.code: {
      const { slot, message } = decodeRequest(Form.generateSignature, first)
      const signature = await chip.ecc.sign({ slot, message, curve: curveOf(inputs) })
      return { signature: toHex(signature) }
    }
    case commandTable.verifySignature.code: {
      const valid = await chip.ecc.verify(decodeRequest(Form.verifySignature, first))
      return { validity: Number(valid) }
    }
    case commandTable.query.code:
      return eachQuery(chip, payloads)
    case commandTable.putAttribute.code: {
      const { slot, control } = decodeRequest(Form.putSymmetricKeyControl, first)
      await chip.symmetricKeys.putControl(slot, control, permanent)
      return {}
    }
    default:
      throw new TypeError(`command ${code.toString(16)} of a scenario has no call`)
  }
}

type Answers = Readonly<Record<string, unknown>>

/** One query gives its answer, several of one kind give a list of them under each name. */
async function eachQuery(chip: Call['chip'], payloads: readonly Uint8Array[]): Promise<Answers> {
  const answers: Answers[] = []
  for (const payload of payloads) answers.push(await runQuery(chip, payload))
  const [first = {}, ...others] = answers
  if (others.length === 0) return first
  const lists = Object.keys(first).map((name) => [`${name}s`, answers.map((one) => one[name])])
  return { ...first, ...Object.fromEntries(lists) }
}

async function runQuery(chip: Call['chip'], payload: Uint8Array): Promise<Answers> {
  if (hasSelector(Form.queryPartitionTable, payload)) {
    const { length } = await chip.zones.table()
    return { count: length, partitionCount: length }
  }
  if (hasSelector(Form.querySymmetricKeyTable, payload)) {
    return { count: (await chip.symmetricKeys.table()).length }
  }
  const { slot } = decodeRequest(Form.querySymmetricKeyControl, payload)
  const fields = encode(symmetricKeyControl, await chip.symmetricKeys.control(slot), 'fields')
  return { fields: toHex(fields), value: toHex(fields) }
}
