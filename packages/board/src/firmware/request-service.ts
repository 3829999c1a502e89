import { encodeUtf8, isKeylineError } from '@keyline/bytes'
import type { Message, MessageType } from '@keyline/matter/pxp'
import { AttestationRefusal } from '../attestation/attester.ts'
import { ReadRefusal } from './factory-data-region.ts'
import type { Hardware } from './hardware.ts'
import { PxpLink } from './pxp-link.ts'

export interface Answer {
  readonly type: MessageType
  readonly payload: Uint8Array
}

/** What an application answers to one type of request. @throws Unservable, or what a device may refuse with */
export type Service = (hardware: Hardware, payload: Uint8Array) => readonly Answer[]
export type Services = ReadonlyMap<MessageType, Service>

/** A request that the application cannot serve; the reason goes to the host. */
export class Unservable extends Error {}

/** Answers requests until the power goes; it needs neither `Init` nor HELLO (provisioning-station section 12.2). */
export async function serveRequests(hardware: Hardware, services: Services): Promise<void> {
  const link = new PxpLink(hardware, { needsInit: false })
  for (;;) {
    const arrival = await link.next()
    if (arrival.kind !== 'message') continue
    for (const { type, payload } of answersTo(hardware, services, arrival.message)) {
      if (!(await link.send(type, payload))) break
    }
  }
}

function answersTo(
  hardware: Hardware,
  services: Services,
  { type, payload }: Message,
): readonly Answer[] {
  try {
    const serve = services.get(type)
    if (serve === undefined) throw new Unservable(`${type} is not served`)
    return serve(hardware, payload)
  } catch (error) {
    return [{ type: 'ABORT', payload: encodeUtf8(reasonOf(error)) }]
  }
}

function reasonOf(error: unknown): string {
  const isRefusal =
    error instanceof Unservable ||
    error instanceof ReadRefusal ||
    error instanceof AttestationRefusal
  if (isRefusal) return error.message
  if (isKeylineError(error)) return error.code
  throw error
}
