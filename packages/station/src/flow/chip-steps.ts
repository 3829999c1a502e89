import { Evidence } from '@keyline/ledger/records'
import { StationError } from '../errors.ts'
import { isNoTarget, type Target } from '../port/programmer.ts'
import type { WirelessProgrammer } from '../port/wireless-programmer.ts'
import { connectBound } from './bind-steps.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

/** Watchdogs of provisioning-station section 4.4, milliseconds. */
const eraseMs = 60_000
const coprocessorMs = 300_000
const optionMs = 40_000

/** Option bytes that give the boot back to the application after the update service. */
const bootFromFlash = { nSWboot0: 1, nboot1: 1, nboot0: 1 } as const

/** Values of the option byte RDP. */
const protectionLevels = { 1: 0xbb, 2: 0xcc } as const

export const erase: Step = {
  name: 'erase',
  title: 'erase the flash',
  deadlineMs: eraseMs,
  async act(work, signal) {
    await chipOf(work).eraseAll(work.probe.serialNumber, { signal })
    return []
  },
}

export const coprocessorStart: Step = {
  name: 'coprocessor-start',
  title: 'start the wireless stack',
  deadlineMs: coprocessorMs,
  async act(work, signal) {
    await chipOf(work).startWirelessStack(work.probe.serialNumber, { signal })
    return []
  },
}

export const coprocessorUpgrade: Step = {
  name: 'coprocessor-upgrade',
  title: 'upgrade the wireless firmware',
  deadlineMs: coprocessorMs,
  async act(work, signal) {
    const { address, file } = work.requireImage('coprocessor')
    await chipOf(work).upgradeCoprocessor(work.probe.serialNumber, address, file, { signal })
    return []
  },
}

export const coprocessorOptionBytes: Step = {
  name: 'coprocessor-option-bytes',
  title: 'give the boot back to the application',
  deadlineMs: optionMs,
  async act(work, signal) {
    await chipOf(work).setOptionBytes(work.probe.serialNumber, bootFromFlash, { signal })
    return []
  },
}

/**
 * The final read-out protection: the last act on a board, never repeated without asking the board for its level. The
 * intent carries the evidence, since nothing of it can be had again afterwards. Source: provisioning-station 5.7.
 */
export function protect(level: 1 | 2): Step {
  return {
    name: 'protect',
    title: `set read-out protection ${level}`,
    deadlineMs: optionMs,
    isIrreversible: { proves: 'protection' },
    intent: (work) => ({ rdp: level, evidence: JSON.stringify(work.evidence) }),
    async act(work, signal) {
      const { serialNumber } = work.probe
      const wasBegun = evidenceBeforeProtection(work) !== undefined
      if ((await levelOf(work, signal, wasBegun && level === 2)) === 0) {
        const values = { RDP: protectionLevels[level] }
        await chipOf(work).setOptionBytes(serialNumber, values, { signal })
        await work.parts.programmer.reset(serialNumber, { signal })
      }
      const found = await levelOf(work, signal, level === 2)
      const facts = { rdp: level, by: found === 2 ? 'no debug connection' : `RDP ${found}` }
      return [{ kind: 'protection', ok: found === level, facts }]
    },
  }
}

/** What the board says of its protection. At level 2 it says nothing: whoever expects that takes silence for it. */
async function levelOf(
  work: UnitWork,
  signal: AbortSignal,
  mayRefuse: boolean,
): Promise<Target['rdp']> {
  try {
    return (await connectBound(work, signal)).rdp
  } catch (error) {
    if (mayRefuse && isNoTarget(error)) return 2
    throw error
  }
}

/** What an earlier run had proven of the board when it began to protect it. */
export function evidenceBeforeProtection(work: UnitWork): readonly Evidence[] | undefined {
  const intent = work.parts.history?.findLast(
    ({ unit, type, step }) => unit === work.unitId && type === 'intent' && step === 'protect',
  )
  const text = intent?.data['evidence']
  return typeof text === 'string' ? Evidence.array().parse(JSON.parse(text)) : undefined
}

/** @throws StationError `STATION_NO_FLOW` when the programmer of the station does no such acts */
export function chipOf(work: UnitWork): WirelessProgrammer {
  const { wireless } = work.parts
  if (wireless !== undefined) return wireless
  throw new StationError('STATION_NO_FLOW', 'the programmer of this station sets no option bytes')
}
