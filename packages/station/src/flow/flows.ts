import type { WorkOrder } from '@keyline/ledger/records'
import { evidenceForWbaSecurity0, type EvidenceRule } from '../evidence/required.ts'
import { isSupported } from '../order/supported.ts'
import { attest, readBack } from './device-check-steps.ts'
import { exchange } from './exchange-step.ts'
import {
  bind,
  programApplication,
  programData,
  programProvisioning,
  startApplication,
  startProvisioning,
} from './programming-steps.ts'
import type { Step } from './step.ts'

/** The procedure of a platform and security level, with the evidence that PASS needs there. */
export interface Flow {
  readonly steps: readonly Step[]
  /** Whose keys get certificates: those that a board makes in the exchange, or those that a PKI knew before. */
  readonly keys: 'made-by-board' | 'known-before'
  /** Where a board continues that already holds what was issued. */
  readonly afterExchange: Step
  readonly evidence: readonly EvidenceRule[]
}

/** STM32WBA6 without OEMiRoT. Source: provisioning-station section 5.2. */
export const wbaSecurity0: Flow = {
  keys: 'made-by-board',
  steps: [
    bind,
    programData,
    programProvisioning,
    startProvisioning,
    exchange,
    programApplication,
    startApplication,
    readBack,
    attest,
  ],
  afterExchange: programApplication,
  evidence: evidenceForWbaSecurity0,
}

/** The flow of an order, or `undefined` where none is described yet. */
export function flowOf(order: Pick<WorkOrder, 'platform' | 'security'>): Flow | undefined {
  return isSupported(order) ? wbaSecurity0 : undefined
}
