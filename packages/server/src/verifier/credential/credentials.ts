import type { IncomingMessage } from 'node:http'
import { toHex, type Clock, type Random, type Secret } from '@keyline/bytes'
import { hmacSha256, type ScryptCost } from '@keyline/crypto'
import { BoundedCache } from '@keyline/verifier'
import { ServerError } from '../../errors.ts'
import { Admission } from '../../limits/admission.ts'
import type { Principal } from '../endpoint.ts'
import { verifierRoles, type CredentialRecord, type CredentialStore } from '../port.ts'
import { challenge } from './access.ts'
import { apiKeyHash } from './api-key.ts'
import { readAuthorization } from './authorization.ts'
import { checkOf, isPassword, unguessableHash } from './password-hash.ts'
import type { TrustedProxy } from './trusted-proxy.ts'

export interface CredentialsOptions {
  readonly store: CredentialStore
  readonly clock: Clock
  readonly random: Random
  /** `none` lets everyone do everything: with the policy `test` alone. `required` unless given. */
  readonly mode?: 'required' | 'none' | undefined
  readonly policy: 'test' | 'production'
  readonly proxy?: TrustedProxy | undefined
  /** Cost of a check for a name that nobody has: that with which passwords are hashed here. */
  readonly cost?: ScryptCost | undefined
}

/** Checks at the same time: each takes a thread of four and 32 MiB. */
const limits = { running: 2, waiting: 64, waitMs: 5_000, remembered: 1_024 } as const

/** Who asks, when credentials are off. */
const everyone: Principal = { name: 'anyone', roles: verifierRoles }

/**
 * Says who asks: by password (HTTP Basic), API key (Bearer) or a proxy in front (V38). The record is read for each
 * request, so that a removed credential ends at once; only that a password fits is remembered.
 */
export class Credentials {
  readonly #options: CredentialsOptions
  readonly #admission: Admission
  readonly #unknown: string
  /** HMAC of what was checked under a key of this process: no password can be computed from it. */
  readonly #right = new BoundedCache<string, true>(limits.remembered)
  readonly #running = new Map<string, Promise<boolean>>()
  readonly #macKey: Uint8Array

  /** @throws ServerError `SERVER_CREDENTIALS_OFF` */
  constructor(options: CredentialsOptions) {
    const { mode, policy, random, clock, cost } = options
    if (mode === 'none' && policy !== 'test') {
      throw new ServerError('SERVER_CREDENTIALS_OFF', `no credentials with the policy ${policy}`)
    }
    this.#options = options
    this.#admission = new Admission({ ...limits, clock })
    this.#unknown = unguessableHash(random, cost)
    this.#macKey = random.bytes(32)
  }

  /**
   * @param authorization header of the request
   * @param incoming the request, where a proxy is trusted
   * @returns undefined without credentials
   * @throws ServerError `SERVER_CREDENTIALS_REFUSED`, `SERVER_CREDENTIAL_DAMAGED`, `SERVER_OVERLOADED`,
   * `SERVER_HEADER_INVALID`; what the store throws
   */
  async authenticate(
    authorization: string | undefined,
    incoming?: IncomingMessage,
  ): Promise<Principal | undefined> {
    const { mode, proxy } = this.#options
    if (mode === 'none') return everyone
    const forwarded = incoming === undefined ? undefined : proxy?.principalOf(incoming)
    if (forwarded !== undefined) return forwarded
    const asked = readAuthorization(authorization)
    switch (asked.scheme) {
      case 'none':
        return undefined
      case 'malformed':
        return refuse('the header Authorization holds neither name and password nor an API key')
      case 'bearer':
        return this.#byKey(asked.token)
      case 'basic':
        try {
          return await this.#byPassword(asked.name, asked.password)
        } finally {
          asked.password.wipe()
        }
      default:
        return asked satisfies never
    }
  }

  async #byKey(token: string): Promise<Principal> {
    const hash = apiKeyHash(token)
    const record = hash === undefined ? undefined : await this.#options.store.findKey(hash)
    if (record?.kind !== 'api-key') return refuse('no API key is this one')
    return this.#admitted(record)
  }

  /** A name that nobody has takes the same way and the same work as one with another password. */
  async #byPassword(name: string, password: Secret): Promise<Principal> {
    const found = await this.#options.store.findName(name)
    const record = found?.kind === 'password' ? found : undefined
    const isRight = await this.#fits(name, password, record?.verifier ?? this.#unknown)
    if (!isRight || record === undefined) return refuse('the name or the password is wrong')
    return this.#admitted(record)
  }

  /** The same check is made once, however many requests ask for it at the same time. */
  async #fits(name: string, password: Secret, text: string): Promise<boolean> {
    const message = checkOf(name, password, text)
    const key = toHex(hmacSha256(this.#macKey, message))
    message.fill(0)
    if (this.#right.get(key) === true) return true
    const running = this.#running.get(key)
    if (running !== undefined) return running
    const check = this.#admission.run(() => isPassword(password, text))
    this.#running.set(key, check)
    try {
      const isRight = await check
      if (isRight) this.#right.set(key, true)
      return isRight
    } finally {
      this.#running.delete(key)
    }
  }

  #admitted({ name, roles, expiresAt }: CredentialRecord): Principal {
    if (expiresAt !== undefined && this.#options.clock.now() >= expiresAt) {
      return refuse(`the credential ${name} ended at ${new Date(expiresAt).toISOString()}`)
    }
    return { name, roles }
  }
}

function refuse(message: string): never {
  throw new ServerError('SERVER_CREDENTIALS_REFUSED', message, {
    details: { challenge },
  })
}
