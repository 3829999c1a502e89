import type { Evidence } from '@keyline/ledger/records'
import { StationError } from '../errors.ts'
import type { ElementIdentity, SecureElement } from '../port/secure-element.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

/** An act on a chip is a few sessions on its bus. */
const elementMs = 30_000

/** Binds the unit to the chip that answers now. A resumed unit must find the chip that it began with. */
export const identifyElement: Step = {
  name: 'identify-element',
  isAsking: true,
  title: 'ask the secure element who it is',
  deadlineMs: elementMs,
  async act(work, signal) {
    const element = await elementOf(work).identify(work.probe.serialNumber, { signal })
    requireSameElement(work, element, earlierElement(work))
    work.element = element
    await work.record('outcome', 'element', { element: element.serialNumber })
    return []
  },
}

/** Source: fault matrix, BUS-10. */
export const checkElement: Step = {
  name: 'check-element',
  title: 'check that the secure element is still the same',
  deadlineMs: elementMs,
  async act(work, signal) {
    await identifyAgain(work, signal)
    return []
  },
}

/**
 * Host keys of its own for the chip, proven in a session, and one wrapped key where the order asks for it. A chip that
 * has host keys is asked to prove them: they are never written twice.
 */
export const provisionElement: Step = {
  name: 'provision-element',
  title: 'give the secure element its keys',
  deadlineMs: 2 * elementMs,
  isIrreversible: { proves: 'element' },
  intent: (work) => ({ element: work.element?.serialNumber ?? '' }),
  async act(work, signal) {
    const chip = elementOf(work)
    const { serialNumber: probe } = work.probe
    const element = await identifyAgain(work, signal)
    if (!element.hasHostKeys) await chip.provisionHostKeys(probe, element, { signal })
    const isProven = await chip.proveHostKeys(probe, element, { signal })
    const keySlot = work.matter.order.secureElement?.keySlot
    const key =
      !isProven || keySlot === undefined
        ? undefined
        : await chip.provisionKey(probe, element, keySlot, { signal })
    const facts: Evidence['facts'] = {
      element: element.serialNumber,
      hostKeys: isProven,
      ...(key === undefined ? {} : { key: key.keyId }),
    }
    return [{ kind: 'element', ok: isProven, facts }]
  },
}

async function identifyAgain(work: UnitWork, signal: AbortSignal): Promise<ElementIdentity> {
  const found = await elementOf(work).identify(work.probe.serialNumber, { signal })
  requireSameElement(work, found, work.element?.serialNumber)
  return found
}

/** @throws StationError `STATION_BOARD_CHANGED` */
function requireSameElement(
  work: UnitWork,
  { serialNumber }: ElementIdentity,
  bound: string | undefined,
): void {
  if (bound === undefined || bound === serialNumber) return
  throw new StationError(
    'STATION_BOARD_CHANGED',
    `slot ${work.slot} began with the secure element ${bound}, but ${serialNumber} answers`,
  )
}

/** The chip that an earlier run has bound to the unit. */
function earlierElement(work: UnitWork): string | undefined {
  const record = work.parts.history?.findLast(
    ({ unit, step }) => unit === work.unitId && step === 'element',
  )
  const element = record?.data['element']
  return typeof element === 'string' ? element : undefined
}

/** @throws StationError `STATION_NO_FLOW` when the station reaches no secure element */
function elementOf(work: UnitWork): SecureElement {
  const { element } = work.parts
  if (element !== undefined) return element
  throw new StationError('STATION_NO_FLOW', 'this station has no bus to a secure element')
}
