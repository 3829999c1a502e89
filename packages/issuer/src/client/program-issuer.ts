import { access, constants } from 'node:fs/promises'
import { fromBase64, isKeylineError, parseJson, toBase64, type Clock } from '@keyline/bytes'
import type { Policy } from '@keyline/ledger/records'
import { IssuerError } from '../errors.ts'
import type { DacChain, DacRequest } from '../issue/local-issuer.ts'
import type { UpperChain } from './est-issuer.ts'
import type { IssueOptions, IssuerClient } from './issuer-client.ts'
import { jsonObjectOf, textMember, type JsonObject } from './json-object.ts'
import { runProgram } from './program-run.ts'

export interface ProgramIssuerOptions {
  /** Program and arguments. */
  readonly command: readonly string[]
  readonly authorities: UpperChain
  readonly policy: Policy
  readonly clock: Clock
  /** How long one call may take; 22 000 ms unless given. */
  readonly timeoutMs?: number | undefined
  /** Programs at the same time; 8 unless given. */
  readonly processes?: number | undefined
}

/**
 * An issuer that is a program of the operator, started for each request. It reads one JSON line `csr` and writes lines
 * `log`, `certificate` and last `result`; only exit code 0 with a result 0 and a certificate is an answer.
 * Source: station, section 6.6.
 */
export function createProgramIssuer(options: ProgramIssuerOptions): IssuerClient {
  const { command, authorities, policy, clock, timeoutMs = 22_000, processes = 8 } = options
  const places = new Places(processes)
  return {
    issue: (request, { signal }: IssueOptions = {}) =>
      clock.during(() =>
        places.within(async () => {
          const environment = environmentOf(request, policy)
          const input = `${JSON.stringify(questionOf(request))}\n`
          const output = await runProgram({ command, environment, input, timeoutMs, signal })
          return answerOf(output, authorities)
        }),
      ),
    health: async () => {
      const [program = ''] = command
      const isThere = await access(program, constants.X_OK).then(
        () => true,
        () => false,
      )
      return isThere
        ? { isReady: true }
        : { isReady: false, reason: `${program} is no program that can be run` }
    },
    close: () => Promise.resolve(),
  }
}

function environmentOf(request: DacRequest, policy: Policy): Readonly<Record<string, string>> {
  return {
    MODE: policy,
    SERIAL: request.identity?.serialNumber ?? '',
    JOB: request.idempotencyKey,
    ORDER: request.orderId,
  }
}

function questionOf(request: DacRequest): Readonly<Record<string, string | undefined>> {
  const { orderId, unitId, idempotencyKey, csr, identity } = request
  return {
    type: 'csr',
    order: orderId,
    unit: unitId,
    job: idempotencyKey,
    serialNumber: identity?.serialNumber,
    board: identity?.boardUid,
    csr: toBase64(csr),
  }
}

/** @throws IssuerError `ISSUER_PROGRAM` */
function answerOf(output: string, authorities: UpperChain): DacChain {
  try {
    const lines = output.split('\n').filter((line) => line.trim() !== '')
    const objects = lines.map((line, index) =>
      jsonObjectOf(parseJson(line, `line ${index + 1}`), `line ${index + 1}`),
    )
    const result = objects.at(-1)
    if (result?.get('type') !== 'result') throw refused('its last line is no result')
    if (result.get('code') !== 0) throw refused(`it refused: ${textMember(result, 'message')}`)
    const certificates = objects.filter((line) => line.get('type') === 'certificate')
    const [certificate, ...more] = certificates
    if (certificate === undefined || more.length > 0) {
      throw refused(`it gave ${certificates.length} certificates, not 1`)
    }
    const pai = optional(certificate, 'pai') ?? authorities.pai
    const paa = optional(certificate, 'paa') ?? authorities.paa
    return { dac: fromBase64(textMember(certificate, 'dac'), 'dac'), pai, paa }
  } catch (cause) {
    if (cause instanceof IssuerError && cause.code === 'ISSUER_PROGRAM') throw cause
    if (!isKeylineError(cause)) throw cause
    throw new IssuerError('ISSUER_PROGRAM', `its output: ${cause.message}`, { cause })
  }
}

function optional(line: JsonObject, member: string): Uint8Array | undefined {
  return line.has(member) ? fromBase64(textMember(line, member), member) : undefined
}

function refused(what: string): IssuerError {
  return new IssuerError('ISSUER_PROGRAM', `the program answered, but ${what}`)
}

/** Lets so many works run at once; the others wait in their order. */
class Places {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async within<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((go) => this.#waiting.push(go))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}
