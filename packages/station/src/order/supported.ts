import type { AnyOrder, WorkOrder } from '@keyline/ledger/records'

/** Platforms with the security levels for which a flow is described. */
export const supportedFlows = {
  wba: [0, 1, 2],
  u5: [1],
  wb55: [0],
} as const satisfies Readonly<Record<WorkOrder['platform'], readonly WorkOrder['security'][]>>

export function isSupported(order: Pick<WorkOrder, 'platform' | 'security'>): boolean {
  const levels: readonly number[] = supportedFlows[order.platform]
  return levels.includes(order.security)
}

/** Platforms and levels whose boards have an attestation key. Source: attestation, decision D35. */
const attestingBoards = {
  wba: [2],
  u5: [],
  wb55: [],
  u3: [0],
} as const satisfies Readonly<Record<AnyOrder['platform'], readonly AnyOrder['security'][]>>

export function canAttest(order: Pick<AnyOrder, 'platform' | 'security'>): boolean {
  const levels: readonly number[] = attestingBoards[order.platform]
  return levels.includes(order.security)
}
