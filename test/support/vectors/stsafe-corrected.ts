import { concat, fromHex } from '@keyline/bytes'
import type { StsafeCase } from './stsafe-case.ts'
import { exchangeOf } from './stsafe-replay.ts'

const done = Uint8Array.of(0)

/** What a library without the defect sends and returns (section 7.13); nothing where the case does not tell it. */
export function corrected(vector: StsafeCase): StsafeCase | undefined {
  const { api, inputs, exchanges } = vector
  switch (api[0] ?? '') {
    case 'stse_device_lock':
      return afterPassword(vector, '100883')
    case 'stse_device_unlock':
      return afterPassword(vector, '100803')
    case 'stse_data_storage_update_data_zone': {
      const offset = inputs.number('offset')
      const head = Uint8Array.of(0x06, 0x80, inputs.number('zone'), offset >> 8, offset & 0xff)
      return { ...vector, exchanges: [exchangeOf(concat(head, inputs.octets('data')), done)] }
    }
    case 'stse_init': {
      const failed = exchanges.find(({ response }) => (response?.[0] ?? 0) !== 0)
      return { ...vector, returnCode: (failed?.response?.[0] ?? 0) & 0x1f }
    }
    default:
      return undefined
  }
}

/** The life cycle is put behind a password that was right, and only there. */
function afterPassword(vector: StsafeCase, put: string): StsafeCase {
  const { exchanges } = vector
  const [status, , , verified] = exchanges[0]?.response ?? []
  if (status !== 0) return { ...vector, returnCode: status ?? vector.returnCode }
  if (verified !== 1) return { ...vector, returnCode: 0x0401 }
  const isPut = exchanges.length > 1
  return {
    ...vector,
    returnCode: 0,
    exchanges: isPut ? exchanges : [...exchanges, exchangeOf(fromHex(put), done)],
  }
}
