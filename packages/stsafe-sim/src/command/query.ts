import { ephemeralSlot, Form, Status } from '@keyline/stsafe/layout'
import type { SymmetricKey } from '../nvm/state.ts'
import { present } from './refusal.ts'
import { service, type Service } from './service.ts'

/** Section 3.3, `14 tag [slot]`. */
export const queryServices: readonly Service[] = [
  service(Form.queryLocalEnvelopeTable, ({ state }) =>
    state.envelopeKeys.map((key, slot) => ({
      slot,
      presence: key === undefined ? ('absent' as const) : ('present' as const),
      type: key?.length === 32 ? ('AES-256' as const) : ('AES-128' as const),
    })),
  ),
  service(Form.queryLifeCycleState, ({ state }) => state.lifeCycle),
  service(Form.queryPassword, ({ state }) => ({
    presence: state.password === undefined ? 0 : 1,
    remainingTries: state.password?.remainingTries ?? 0,
  })),
  service(Form.queryI2cParameters, ({ state }) => state.i2c),
  service(Form.queryProductData, ({ state }) => state.productData),
  service(Form.queryPartitionTable, ({ state }) => state.zones.map(({ entry }) => entry)),
  service(Form.queryPrivateKeyTable, ({ state, volatile }) => ({
    globalUsageLimit: state.globalUsageLimit,
    slots: state.privateKeys.map(({ slot, mode, key }) => ({
      slot,
      mode,
      curve: (slot === ephemeralSlot ? volatile.ephemeralKey : key)?.curve,
    })),
  })),
  service(Form.queryHostKeySlotV1, ({ state }) => ({
    presence: state.hostKeys === undefined ? 0 : 1,
    counter: state.hostCounter & 0xff_ffff,
  })),
  service(Form.queryHostKeySlotV2, ({ state }) => ({
    presence: state.hostKeys === undefined ? 0 : 1,
    type: state.hostKeys?.type ?? 'AES-128',
    counter: state.hostCounter,
  })),
  service(Form.querySymmetricKeyTable, ({ state }) =>
    state.symmetricSlots.map(({ key }) => key && entryOf(key)),
  ),
  service(Form.queryCommandAuthorization, ({ state }) => ({
    changeRights: state.changeRights,
    records: state.authorization,
  })),
  service(Form.queryPublicKeyCount, ({ state }) => ({ count: state.publicKeys.length })),
  service(Form.queryHostKeyControl, ({ state }) => state.hostControl),
  service(
    Form.querySymmetricKeyControl,
    ({ state }, { slot }) => present(state.symmetricSlots[slot], Status.valueOutOfRange).control,
  ),
  service(Form.queryPublicKeySlot, ({ state }, { slot }) =>
    present(state.publicKeys[slot], Status.valueOutOfRange),
  ),
]

/** What the key table tells of a key. */
function entryOf({ information, counter }: SymmetricKey) {
  return information.mode === 'CCM*' ? { ...information, counter } : information
}
