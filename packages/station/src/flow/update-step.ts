import { isKeylineError } from '@keyline/bytes'
import type { BasicInformation } from '@keyline/matter/pxp'
import { askBasicInformation } from '../dialogue/application-dialogue.ts'
import { versionOf } from './attest-step.ts'
import { connectBound } from './bind-steps.ts'
import { openPort } from './open-port.ts'
import type { Step } from './step.ts'
import type { UnitWork } from './unit-work.ts'

/** How long the boot loader may take to install an image and start it. */
const installMs = 90_000

/** The same for an application that cannot say when it runs. */
const silentMs = 30_000

/** Octets at the start of a slot that tell an image from erased flash. */
const headLength = 256

/**
 * Waits until the application answers, then asks the board what its boot loader did. While the boot loader works, the
 * debug port is left alone. Source: provisioning-station sections 10 and 12.2.
 */
export const awaitUpdate: Step = {
  name: 'await-update',
  title: 'let the boot loader install the application',
  deadlineMs: installMs + 60_000,
  async act(work, signal) {
    const answer = await answerInTime(work, signal)
    await connectBound(work, signal)
    const { programmer } = work.parts
    const { serialNumber } = work.probe
    const { address, octets } = work.requireImage('magicTrailer')
    const trailer = await programmer.read(serialNumber, address, octets.length, { signal })
    const slot = work.requireImage('application').address
    const head = await programmer.read(serialNumber, slot, headLength, { signal })
    const problem = !isErased(trailer)
      ? 'the magic trailer is not consumed'
      : isErased(head)
        ? 'the boot loader refused the image'
        : undefined
    if (problem !== undefined) return [{ kind: 'update', ok: false, facts: { problem } }]
    if (answer === 'silence') return []
    const facts = { trailer: 'consumed' }
    const version = answer === 'nothing to tell' ? [] : versionOf(answer)
    return [{ kind: 'update', ok: true, facts }, ...version]
  },
}

/**
 * An application that answers no questions gets its time. Silence is no verdict here, what the slot holds says why; nor
 * is a refusal, which the data explain.
 */
async function answerInTime(
  work: UnitWork,
  signal: AbortSignal,
): Promise<BasicInformation | 'nothing to tell' | 'silence'> {
  const { clock } = work.parts
  if (work.matter.order.application === 'silent') {
    await clock.sleep(silentMs, signal)
    return 'nothing to tell'
  }
  const end = clock.monotonicMs() + installMs
  while (clock.monotonicMs() < end) {
    const port = await openPort(work, signal)
    try {
      return await askBasicInformation({ port, clock, signal, onLog: work.onLog })
    } catch (error) {
      if (isKeylineError(error) && error.code === 'STATION_ANSWER') return 'nothing to tell'
      if (!isSilence(error)) throw error
    }
  }
  return 'silence'
}

function isErased(octets: Uint8Array): boolean {
  return octets.every((octet) => octet === 0xff)
}

/** What a board says, or does not say, that starts just now. */
function isSilence(error: unknown): boolean {
  if (!isKeylineError(error)) return false
  return error.code === 'STATION_RESULT_TIMEOUT' || error.code === 'STATION_PROTOCOL'
}
