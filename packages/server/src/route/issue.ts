import { isKeylineError } from '@keyline/bytes'
import type { DacAnswer, DacCall, Service } from './service.ts'

/** Asks for a device certificate, and counts how it ended. */
export async function issueCounted(
  { issuer, metrics }: Pick<Service, 'issuer' | 'metrics'>,
  call: DacCall,
  signal: AbortSignal,
): Promise<DacAnswer> {
  try {
    const answer = await issuer.issue(call, { signal })
    metrics.issuance(answer.replayed ? 'replayed' : 'issued')
    return answer
  } catch (error) {
    metrics.issuance(isKeylineError(error) ? error.code : 'SERVER_BUG')
    throw error
  }
}

/** Printable ASCII, as every text that a caller chooses for a unit. */
export const visibleText = /^[!-~]{1,128}$/
export const unitIdForm = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/
export const serialNumberForm = /^[ -~]{1,32}$/
export const boardForm = /^[0-9a-f]{24}$/
