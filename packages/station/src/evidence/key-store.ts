import type { WorkOrder } from '@keyline/ledger/records'
import type { KeyStore, ProvisioningMode } from '@keyline/matter/pxp'

/** What decides where the device key of an order ends. */
export type KeyOrder = Pick<WorkOrder, 'platform' | 'security' | 'policy' | 'mode'>

/** The mode that HELLO and managers get: that of the order on STM32WB55, elsewhere the policy. */
export function modeOf({ platform, policy, mode }: KeyOrder): ProvisioningMode {
  return platform === 'wb55' ? (mode ?? policy) : policy
}

/**
 * Where the firmware must store its key, of the stores that it offers; `undefined`: it has no place for it.
 * Source: provisioning-station section 9.4.
 */
export function keyStoreOf(order: KeyOrder, stores: readonly KeyStore[]): KeyStore | undefined {
  if (modeOf(order) === 'test') return isKeyInFlash(order) ? 'flash' : 'its'
  return (['cks', 'its'] as const).find((secure) => stores.includes(secure))
}

/** Whether the device key stands in the factory data; with TF-M it never does. */
export function isKeyInFlash(order: KeyOrder): boolean {
  return modeOf(order) === 'test' && order.security !== 2
}
