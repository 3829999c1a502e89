import {
  BoundedCache,
  compilePolicy,
  psaScheme,
  VerifierError,
  type CompiledPolicy,
} from '@keyline/verifier'
import type { PolicyRecord, PolicyStore } from '../port.ts'

/** Compiled policies that are kept: one a tenant, and those that were active before. */
const mostCompiled = 64

/**
 * The active policy of each tenant, compiled when it is first needed and kept by its id. Policies never change under
 * their id.
 */
export class ActivePolicies {
  readonly #compiled = new BoundedCache<string, CompiledPolicy>(mostCompiled)

  /**
   * The compiled policy for appraisals; nothing where none is active. Answers at once while store and policy are in memory.
   * @throws what the store throws: could not check
   */
  of({
    policies,
  }: {
    readonly policies: Pick<PolicyStore, 'active'>
  }): CompiledPolicy | undefined | Promise<CompiledPolicy | undefined> {
    const record = policies.active(psaScheme)
    return record instanceof Promise ? record.then((one) => this.#of(one)) : this.#of(record)
  }

  #of(record: PolicyRecord | undefined): CompiledPolicy | undefined | Promise<CompiledPolicy> {
    if (record === undefined) return undefined
    return this.#compiled.get(record.uuid) ?? this.#compile(record)
  }

  async #compile({ uuid, rules }: PolicyRecord): Promise<CompiledPolicy> {
    const policy = await compiled(rules, uuid)
    this.#compiled.set(uuid, policy)
    return policy
  }
}

/** A policy that this version does not understand fails on each appraisal, and so lets none pass as if it had run (V25). */
async function compiled(rules: string, uuid: string): Promise<CompiledPolicy> {
  try {
    return await compilePolicy(rules, uuid)
  } catch (cause) {
    if (!(cause instanceof VerifierError)) throw cause
    const applies = (): never => {
      throw new VerifierError('POLICY_MALFUNCTION', `policy ${uuid}: ${cause.message}`, { cause })
    }
    const effect = { vector: new Map(), status: undefined, addedClaims: undefined }
    return { id: uuid, mayRaise: false, rules: [{ applies, effect }] }
  }
}
