import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, isKeylineError } from '@keyline/bytes'
import { ExitCode } from '../exit-code.ts'
import { submitFiles } from './attest/endorse.ts'
import type { ServiceOptions } from './attest/service.ts'

export interface CorimDelivery {
  /** Folder of the results of the order. */
  readonly results: string
  readonly orderId: string
  /** The verifier service that learns of the boards. */
  readonly service: ServiceOptions
  readonly onNotice: (text: string) => void
}

/**
 * Submits the CoRIM of an order to a verifier elsewhere, if there is one. A verifier that does not take it changes no
 * verdict: it is told, and the next run of the order submits it again.
 */
export async function deliverCorim(delivery: CorimDelivery): Promise<ExitCode> {
  const { results, orderId, service, onNotice } = delivery
  const file = join(results, `${orderId}.corim`)
  if (!existsSync(file)) return ExitCode.done
  try {
    const { code, text } = await submitFiles([file], service)
    onNotice(text.trim())
    return code === ExitCode.done ? ExitCode.done : ExitCode.infrastructure
  } catch (error) {
    const what = isKeylineError(error) ? `${error.code}: ${error.message}` : describeError(error)
    onNotice(`${file} did not reach the verifier: ${what}. The next run submits it again`)
    return ExitCode.infrastructure
  }
}
