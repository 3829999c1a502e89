import { setImmediate } from 'node:timers/promises'
import { encodeUtf8, fromHex, type Clock } from '@keyline/bytes'
import type { Signer } from '@keyline/crypto'
import {
  buildCrl,
  derBoolean,
  derSequence,
  derTagged,
  derTaggedPrimitive,
  RevokedWriter,
  verifyEcdsa,
  type RevokedInput,
} from '@keyline/x509'
import { IssuerError } from '../errors.ts'
import type { ListAuthority } from './list-authority.ts'
import type { ListPolicy } from './list-life.ts'
import type { KeptList, ListedRevocation, ListStore } from './list-store.ts'

export interface ListBuilderOptions {
  readonly authority: ListAuthority
  readonly store: ListStore
  readonly clock: Clock
  readonly policy: ListPolicy
  readonly onBuilt?: ((list: KeptList) => void) | undefined
}

/** An entry with a reason takes 35 octets at most, with a serial number of this issuer. */
const expectedEntryOctets = 36

/**
 * Builds the revocation lists of one CA. Revocations are read page by page and encoded as they come, and other work gets its turn
 * between the pages; the next list begins where the last one ended, since what is revoked stays so.
 */
export class ListBuilder {
  readonly #options: ListBuilderOptions
  #entries: RevokedWriter | undefined
  #running: Promise<KeptList> | undefined
  #next: Promise<KeptList> | undefined

  constructor(options: ListBuilderOptions) {
    this.#options = options
  }

  /**
   * A list of what is revoked by now. While one is being built, all who ask share the one after it, since what they want in it may
   * have come too late for the first.
   * @throws IssuerError `ISSUER_SIGNER_FAILED`
   */
  build(): Promise<KeptList> {
    if (this.#running === undefined) return this.#start()
    this.#next ??= this.#startAfter(this.#running)
    return this.#next
  }

  #start(): Promise<KeptList> {
    this.#next = undefined
    this.#running = this.#build().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #startAfter(running: Promise<KeptList>): Promise<KeptList> {
    await running.catch(() => undefined)
    return this.#start()
  }

  async #build(): Promise<KeptList> {
    const { authority, store, clock, policy } = this.#options
    const snapshot = await store.openCrl(authority.issuerKeyId)
    const entries = await this.#entriesOf(snapshot)
    await setImmediate()
    const thisUpdate = clock.now() - policy.backdateMs
    const nextUpdate = thisUpdate + policy.backdateMs + policy.lifeMs
    const { issuer, delegate, signerKeyId, signer } = authority
    const der = await buildCrl({
      issuer: (delegate ?? issuer).subject,
      authorityKeyId: signerKeyId,
      thisUpdate: new Date(thisUpdate),
      nextUpdate: new Date(nextUpdate),
      number: snapshot.number,
      issuingDistributionPoint: distributionPointOf(authority),
      revoked: entries,
      signer: proven(signer),
    })
    await setImmediate()
    const list = {
      issuerKeyId: authority.issuerKeyId,
      number: snapshot.number,
      count: snapshot.count,
      thisUpdate,
      nextUpdate,
      der,
    }
    await store.putCrl(list)
    this.#options.onBuilt?.(list)
    return list
  }

  async #entriesOf({
    count,
    pages,
  }: Awaited<ReturnType<ListStore['openCrl']>>): Promise<RevokedWriter> {
    // Fewer than before: the ledger was restored, and what was encoded is of another life.
    const known = this.#entries
    const entries =
      known !== undefined && known.size <= count
        ? known
        : new RevokedWriter(expectedEntryOctets * Math.min(count, 1_000_000))
    this.#entries = undefined
    for await (const page of pages(entries.size)) {
      for (const revocation of page) entries.add(this.#inputOf(revocation, entries.size === 0))
      await setImmediate()
    }
    if (entries.size !== count) {
      const message = `the ledger gave ${entries.size} of ${count} revocations`
      throw new IssuerError('ISSUER_STORE_DOWN', message)
    }
    this.#entries = entries
    return entries
  }

  /** RFC 5280 would rather see no reason than the reason that none is known. */
  #inputOf(revocation: ListedRevocation, isFirst: boolean): RevokedInput {
    const { delegate, issuer } = this.#options.authority
    return {
      serialNumber: fromHex(revocation.serialNumber),
      revokedAt: new Date(revocation.revokedAt),
      reason: revocation.reason === 'unspecified' ? undefined : revocation.reason,
      certificateIssuer: isFirst && delegate !== undefined ? issuer.subject : undefined,
    }
  }
}

/** Nothing is published that its readers would refuse. */
function proven(signer: Signer): Signer {
  const { publicKey } = signer
  return {
    publicKey,
    sign: async (message) => {
      const signature = await signer.sign(message)
      if (verifyEcdsa({ publicKey, message, signature })) return signature
      throw new IssuerError('ISSUER_SIGNER_FAILED', 'the signature of a list does not verify')
    },
  }
}

/** A list that a delegate signs is indirect; one of several names its place (RFC 5280 section 5.2.5). */
function distributionPointOf({
  delegate,
  distributionPoint,
}: ListAuthority): Uint8Array | undefined {
  const members: Uint8Array[] = []
  if (distributionPoint !== undefined) {
    const url = derTaggedPrimitive(6, encodeUtf8(distributionPoint))
    members.push(derTagged(0, derTagged(0, url)))
  }
  // IMPLICIT BOOLEAN: the content octet of TRUE under its own tag.
  if (delegate !== undefined) members.push(derTaggedPrimitive(4, derBoolean(true).subarray(2)))
  return members.length === 0 ? undefined : derSequence(...members)
}
