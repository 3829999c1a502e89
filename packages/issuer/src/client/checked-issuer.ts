import {
  describeFinding,
  equalOctets,
  isKeylineError,
  type Clock,
  type Finding,
} from '@keyline/bytes'
import { parseCertificate, parseRequest, type Certificate } from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import type { DacChain, DacRequest } from '../issue/local-issuer.ts'
import { lintAnyDac, lintPaa, lintPai } from '../lint/lint-certificate.ts'
import type { UpperChain } from './est-issuer.ts'
import type { IssuerClient } from './issuer-client.ts'

export interface AnswerTrust extends UpperChain {
  /** Of the work order. */
  readonly vendorId: number
  readonly productId: number
  readonly clock: Clock
  /** How far the clock of the issuer may be ahead; 300 000 ms unless given. */
  readonly skewMs?: number | undefined
}

const defaultSkewMs = 300_000

/**
 * An issuer whose every answer is judged before anyone uses it: by the lint, which shares nothing with who builds
 * certificates, against the key of the request, the ids of the order, the one PAI and PAA of the order, and the date.
 * @throws IssuerError `ISSUER_PAI_UNUSABLE` when PAI and PAA themselves break a rule
 */
export function checkedIssuer(inner: IssuerClient, trust: AnswerTrust): IssuerClient {
  requireUsable(trust)
  return {
    issue: async (request, options) => {
      const answer = await inner.issue(request, options)
      const problems = answerProblems(answer, request, trust)
      if (problems.length === 0) return answer
      const message = `unit ${request.unitId}: ${problems.join(' | ')}`
      throw new IssuerError('ISSUER_ANSWER_REFUSED', message)
    },
    health: (options) => inner.health(options),
    close: () => inner.close(),
  }
}

function requireUsable({ pai, paa }: UpperChain): void {
  const findings = [...lintPaa(paa), ...lintPai({ certificate: pai, paa })].filter(isError)
  if (findings.length === 0) return
  throw new IssuerError('ISSUER_PAI_UNUSABLE', findings.map(describeFinding).join(' | '))
}

function answerProblems(
  answer: DacChain,
  { csr }: Pick<DacRequest, 'csr'>,
  trust: AnswerTrust,
): readonly string[] {
  const { pai, paa, vendorId, productId } = trust
  const problems: string[] = []
  if (!equalOctets(answer.pai, pai)) problems.push('its PAI is another than that of the order')
  if (!equalOctets(answer.paa, paa)) problems.push('its PAA is another than that of the order')
  const publicKey = parseRequest(csr).publicPoint
  if (publicKey === undefined) problems.push('the request has no key on P-256')
  const ordered = { vendorId, productId, publicKey }
  const findings = lintAnyDac({ certificate: answer.dac, pai, paa, ...ordered }).filter(isError)
  problems.push(...findings.map(describeFinding))
  const dac = certificateOf(answer.dac)
  if (dac !== undefined) problems.push(...dateProblems(dac, trust))
  return problems
}

/** Valid now, but for a clock that is slightly behind the issuer's. */
function dateProblems(dac: Certificate, { clock, skewMs = defaultSkewMs }: AnswerTrust): string[] {
  const now = clock.now()
  const { notBefore, notAfter } = dac
  if (notBefore.getTime() > now + skewMs) return [`it is valid from ${notBefore.toISOString()}`]
  if (notAfter.getTime() < now) return [`it was valid until ${notAfter.toISOString()}`]
  return []
}

function certificateOf(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der)
  } catch (error) {
    // The lint has said so already.
    if (isKeylineError(error)) return undefined
    throw error
  }
}

function isError({ severity }: Finding): boolean {
  return severity === 'error'
}
