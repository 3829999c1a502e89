import { appraisalOf, member, textMember, type Reply } from '../../support/verifier-service.ts'
import { fleetPolicy, type Truth } from './fleet.ts'

const unchecked = 'error encountered while processing evidence'

/** Whether an answer says that nothing could be checked, and that the caller may come again. */
function isUnchecked({ status, headers, json }: Reply): boolean {
  if (status === 503) {
    return member(json, 'code') === 'unavailable' && Number(headers['retry-after']) > 0
  }
  return status === 500 && member(json, 'detail') === unchecked
}

/** What a result says of a device: its truth, or what it says instead. */
function toldBy(jwt: string): string {
  const appraisal = appraisalOf(jwt)
  const status = member(appraisal, 'ear.status')
  if (status === 'affirming') {
    const id = member(appraisal, 'ear.appraisal-policy-id')
    return id === `policy:PSA_IOT/${fleetPolicy}` ? 'genuine' : `affirming by ${String(id)}`
  }
  const code = member(member(appraisal, 'ear.veraison.policy-claims'), 'code')
  if (status === 'contraindicated' && code === 'E_KEY_REVOKED') return 'revoked'
  if (status === 'contraindicated' && code === 'E_KEY_UNKNOWN') return 'unknown'
  return `${String(status)} ${String(code)}`
}

/**
 * Looks at every answer of a verifier: it is the right verdict on the device, or none. What a verifier must never say is
 * kept word by word.
 */
export class Judge {
  readonly wrong: string[] = []
  /** Verdicts that were right, by truth. */
  readonly right = { genuine: 0, revoked: 0, unknown: 0 }
  /** Answers that nothing could be checked. */
  unchecked = 0

  /** @returns the result, where there is one; whether it is right is kept here */
  verdict(what: string, truth: Truth, reply: Reply): string | undefined {
    if (isUnchecked(reply)) {
      this.unchecked += 1
      return undefined
    }
    if (reply.status !== 200) return this.#wrong(what, reply)
    const result = typeof reply.json === 'object' ? textMember(reply.json, 'result') : reply.text
    const told = toldBy(result)
    if (told === truth) this.right[truth] += 1
    else this.wrong.push(`${what}: a device that is ${truth} was told to be ${told}`)
    return result
  }

  /** An answer that must have this status, unless it could not be given. @returns whether it was given */
  status(what: string, expected: number, reply: Reply): boolean {
    if (isUnchecked(reply)) this.unchecked += 1
    else if (reply.status !== expected) this.#wrong(what, reply)
    return reply.status === expected
  }

  same(what: string, first: string, second: string): void {
    if (first !== second) this.wrong.push(`${what}: ${first} became ${second}`)
  }

  #wrong(what: string, { status, text }: Reply): undefined {
    this.wrong.push(`${what}: ${status} ${text}`)
    return undefined
  }
}
