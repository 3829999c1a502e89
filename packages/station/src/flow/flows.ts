import type { WorkOrder } from '@keyline/ledger/records'
import {
  evidenceForAttestation,
  evidenceForElement,
  evidenceForProtection,
  evidenceForSecureBoot,
  evidenceForWbaSecurity0,
  type EvidenceRule,
} from '../evidence/required.ts'
import { hasBootLoader } from '../order/boot-slot.ts'
import { isSupported } from '../order/supported.ts'
import { attest, attestByProof } from './attest-step.ts'
import { bind, bindRegressed, checkPort } from './bind-steps.ts'
import {
  coprocessorOptionBytes,
  coprocessorStart,
  coprocessorUpgrade,
  erase,
  protect,
} from './chip-steps.ts'
import { readBack, readBackData, readData } from './device-check-steps.ts'
import { checkElement, identifyElement, provisionElement } from './element-steps.ts'
import { exchange } from './exchange-step.ts'
import { initialAttestation } from './initial-attestation-step.ts'
import {
  programApplication,
  programData,
  programProvisioning,
  programSlot,
  programTrailer,
  startApplication,
  startProvisioning,
} from './programming-steps.ts'
import { provisioningScript, regression, updateScript } from './script-steps.ts'
import type { Step } from './step.ts'
import { awaitUpdate } from './update-step.ts'

/** The procedure of a platform and security level, with the evidence that PASS needs there. */
export interface Flow {
  readonly steps: readonly Step[]
  /**
   * Whose keys get certificates: those that a board makes in the exchange, or those that a PKI knew before. A key that
   * is in the chip has one.
   */
  readonly keys: 'made-by-board' | 'known-before' | 'in-chip'
  /** Where a board continues that already holds what was issued; one that nothing is issued to begins again. */
  readonly afterExchange?: Step | undefined
  readonly evidence: readonly EvidenceRule[]
}

/** What decides the steps of an order. */
export type FlowOrder = Pick<WorkOrder, 'platform' | 'security'> &
  Partial<
    Pick<
      WorkOrder,
      | 'images'
      | 'exchange'
      | 'application'
      | 'erase'
      | 'scripts'
      | 'rdp'
      | 'secureElement'
      | 'attestation'
    >
  >

/** The flow of an order, or `undefined` where none is described. */
export function flowOf(order: FlowOrder): Flow | undefined {
  if (!isSupported(order)) return undefined
  const hasLoader = hasBootLoader(order)
  return {
    keys: 'made-by-board',
    steps: hasLoader ? stepsWithBootLoader(order) : stepsWithoutBootLoader(order),
    afterExchange: hasLoader ? programSlot : programApplication,
    evidence: [
      ...(hasLoader ? evidenceForSecureBoot(order) : evidenceForWbaSecurity0),
      ...(order.secureElement === undefined ? [] : evidenceForElement),
      ...(order.attestation?.required === true ? evidenceForAttestation : []),
      ...(isProtected(order) ? evidenceForProtection : []),
    ],
  }
}

/** STM32WBA6 without OEMiRoT, and STM32WB55. Source: provisioning-station sections 5.2 and 5.5. */
function stepsWithoutBootLoader(order: FlowOrder): readonly Step[] {
  return [
    ...hearing(order),
    bind,
    ...element(order, identifyElement),
    ...(order.erase === true ? [erase] : []),
    ...coprocessor(order),
    programData,
    programProvisioning,
    startProvisioning,
    exchange,
    ...element(order, checkElement),
    programApplication,
    startApplication,
    readBack,
    ...commissioning(order),
    ...attestation(order),
    ...element(order, provisionElement),
    ...protection(order),
  ]
}

/** STM32WBA6 with OEMiRoT, with or without TF-M, and STM32U5. Source: provisioning-station sections 5.3 and 5.4. */
function stepsWithBootLoader(order: FlowOrder): readonly Step[] {
  const isRegressed = order.scripts?.regression !== false
  return [
    ...hearing(order),
    isRegressed ? bindRegressed : bind,
    ...element(order, identifyElement),
    ...(order.erase === true ? [erase] : []),
    ...(isRegressed ? [regression] : []),
    order.platform === 'u5' ? updateScript : provisioningScript,
    programData,
    readData,
    startProvisioning,
    exchange,
    ...element(order, checkElement),
    programSlot,
    programTrailer,
    startApplication,
    awaitUpdate,
    readBackData,
    ...commissioning(order),
    ...attestation(order),
    ...element(order, provisionElement),
    ...protection(order),
  ]
}

/** Firmware without a serial line is not heard, and nothing that it stores can be attested. */
function hearing({ exchange: form }: FlowOrder): readonly Step[] {
  return form === 'none' ? [] : [checkPort]
}

function commissioning({ exchange: form, application }: FlowOrder): readonly Step[] {
  if (form === 'none') return []
  return [application === 'silent' ? attestByProof : attest]
}

function attestation({ attestation: wanted }: FlowOrder): readonly Step[] {
  return wanted === undefined ? [] : [initialAttestation]
}

function coprocessor({ images }: FlowOrder): readonly Step[] {
  if (images?.coprocessor === undefined) return []
  return [coprocessorStart, coprocessorUpgrade, coprocessorOptionBytes]
}

function element({ secureElement }: FlowOrder, step: Step): readonly Step[] {
  return secureElement === undefined ? [] : [step]
}

function isProtected({ rdp = 0 }: FlowOrder): boolean {
  return rdp > 0
}

function protection({ rdp = 0 }: FlowOrder): readonly Step[] {
  return rdp === 0 ? [] : [protect(rdp)]
}

/** STM32WBA6 without OEMiRoT. Source: provisioning-station section 5.2. */
export const wbaSecurity0: Flow = requireFlow({ platform: 'wba', security: 0 })

function requireFlow(order: FlowOrder): Flow {
  const flow = flowOf(order)
  if (flow !== undefined) return flow
  throw new TypeError('a flow that is described here is not supported')
}
