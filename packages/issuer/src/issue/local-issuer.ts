import {
  describeFinding,
  equalOctets,
  throwIfInterrupted,
  toHex,
  type Clock,
  type Finding,
  type Random,
} from '@keyline/bytes'
import type { P256PublicKey, Signer } from '@keyline/crypto'
import type { Policy } from '@keyline/ledger/records'
import { parseCertificate } from '@keyline/x509'
import { drawSerialNumber } from '../build/serial-number.ts'
import { IssuerError } from '../errors.ts'
import { checkRequest } from '../request/check-request.ts'
import type { LintRule } from '../lint/lint-rules.ts'
import { prepareAuthority, type Authority } from './authority.ts'
import { dacCommonName, defaultCommonName } from './dac-common-name.ts'
import type { IssuanceOrder, IssuanceStore } from './issuance-store.ts'
import { issueDac } from './issue-dac.ts'
import { requestHash } from './request-hash.ts'

/** Asks for a device certificate. The same key with the same body gives the same answer, for ever. */
export interface DacRequest {
  readonly orderId: string
  readonly unitId: string
  readonly idempotencyKey: string
  /** PKCS#10 DER from the board. */
  readonly csr: Uint8Array
}

/** X.509 DER, the device's certificate and the two above it. */
export interface DacChain {
  readonly dac: Uint8Array
  readonly pai: Uint8Array
  readonly paa: Uint8Array
}

export interface LocalIssuerOptions {
  readonly store: IssuanceStore
  /** Holder of the PAI key. */
  readonly signer: Signer
  /** X.509 DER. */
  readonly pai: Uint8Array
  readonly paa: Uint8Array
  readonly clock: Clock
  readonly random: Random
  /** `test` unless given. Orders of the other policy are refused. */
  readonly policy?: Policy | undefined
  /** Template with `{serial}` and `{unit}`; `Matter DAC {serial}` unless given. */
  readonly commonName?: string | undefined
  /** End of the device certificates; the end of the PAI where that is sooner, or where none is given. */
  readonly notAfter?: Readonly<Date> | undefined
  /** Wall time before which no clock can be right, milliseconds since 1970. */
  readonly buildDate?: number | undefined
  /** How long the signer may take; 10 000 ms unless given. */
  readonly signTimeoutMs?: number | undefined
}

const earliestClock = Date.UTC(2025, 0, 1)
const defaultSignTimeoutMs = 10_000

/**
 * An issuer in this process. PAA, PAI and key are judged once, here, and the signer signs and verifies a probe.
 * @throws IssuerError `ISSUER_CLOCK_WRONG`, `ISSUER_PAI_UNUSABLE`, `ISSUER_POLICY_REFUSES`, `ISSUER_SIGNER_FAILED`
 */
export async function createLocalIssuer(options: LocalIssuerOptions): Promise<LocalIssuer> {
  const { policy = 'test', signTimeoutMs = defaultSignTimeoutMs } = options
  requireClock(options)
  const authority = await prepareAuthority({ ...options, policy, signTimeoutMs })
  return new LocalIssuer(options, authority)
}

/** Issues device certificates under work orders. Made by `createLocalIssuer`. */
export class LocalIssuer {
  readonly #options: LocalIssuerOptions
  readonly #policy: Policy
  readonly #authority: Authority

  constructor(options: LocalIssuerOptions, authority: Authority) {
    this.#options = options
    this.#policy = options.policy ?? 'test'
    this.#authority = authority
  }

  /**
   * Gives the certificate of a request: the recorded one when it was asked for before, a new one otherwise.
   * A new one leaves only after its record, which uses up one certificate of the order.
   * @throws IssuerError, with the fault that decides the verdict; whatever the store refuses with
   */
  async issue(
    request: DacRequest,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<DacChain> {
    throwIfInterrupted(options.signal)
    const hash = requestHash(request)
    const recorded = await this.#recorded(request, hash)
    if (recorded !== undefined) return this.#chain(recorded)
    try {
      return this.#chain(await this.#issueNew(request, hash, options.signal))
    } catch (refusal) {
      // A twin of this request may have been recorded meanwhile: it is then the reason of the refusal.
      const twin = await this.#recorded(request, hash)
      if (twin === undefined) throw refusal
      return this.#chain(twin)
    }
  }

  async #recorded(request: DacRequest, hash: string): Promise<Uint8Array | undefined> {
    const { idempotencyKey, unitId } = request
    const recorded = await this.#options.store.issued(idempotencyKey)
    if (recorded === undefined || recorded.requestHash === hash) return recorded?.certificate
    const message = `${idempotencyKey} of unit ${unitId} was used for another request`
    throw new IssuerError('ISSUER_IDEMPOTENCY_CONFLICT', message)
  }

  async #issueNew(
    request: DacRequest,
    hash: string,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const { store } = this.#options
    const { orderId, unitId, idempotencyKey } = request
    requireClock(this.#options)
    const order = await this.#order(orderId)
    const { publicKey, spkiSha256 } = await this.#acceptedRequest(request.csr, order)
    requireOpen(order)
    const commonName = await this.#commonName(unitId)
    throwIfInterrupted(signal)
    const serialNumber = drawSerialNumber(this.#options.random)
    const certificate = await this.#certify({ order, publicKey, serialNumber, commonName })
    throwIfInterrupted(signal)
    const released = await store.record({
      orderId,
      unitId,
      idempotencyKey,
      requestHash: hash,
      spkiSha256,
      issuerKeyId: toHex(this.#authority.pai.keyId),
      serialNumber: toHex(serialNumber),
      certificate,
    })
    return released.certificate
  }

  async #order(orderId: string): Promise<IssuanceOrder> {
    const order = await this.#options.store.order(orderId)
    if (order === undefined) {
      throw new IssuerError('ISSUER_ORDER_UNKNOWN', `the ledger has no order ${orderId}`)
    }
    if (order.policy !== this.#policy) {
      const message = `order ${orderId} has the policy ${order.policy}, this issuer ${this.#policy}`
      throw new IssuerError('ISSUER_POLICY_MISMATCH', message)
    }
    return order
  }

  async #acceptedRequest(csr: Uint8Array, order: IssuanceOrder): Promise<AcceptedRequest> {
    const { vendorId, productId, policy } = order
    const result = await checkRequest(csr, {
      vendorId,
      productId,
      policy,
      isKeyKnown: async (hash) =>
        this.#authority.caKeys.has(hash) || this.#options.store.isKeyKnown(hash),
    })
    if (result.ok) return result
    const { rule } = result.finding
    const code = rule === 'CSR-07' ? 'ISSUER_KEY_KNOWN' : 'ISSUER_REQUEST_REFUSED'
    throw new IssuerError(code, describeFinding(result.finding), { details: { rule } })
  }

  async #commonName(unitId: string): Promise<string> {
    const { store, commonName = defaultCommonName } = this.#options
    const serialNumber = await store.unitSerialNumber(unitId)
    if (serialNumber !== undefined) return dacCommonName(commonName, { unitId, serialNumber })
    throw new IssuerError('ISSUER_UNIT_UNKNOWN', `the ledger has no unit ${unitId}`)
  }

  async #certify(input: {
    readonly order: IssuanceOrder
    readonly publicKey: P256PublicKey
    readonly serialNumber: Uint8Array
    readonly commonName: string
  }): Promise<Uint8Array> {
    const { pai, signer, lint } = this.#authority
    const { order, ...subject } = input
    const now = new Date(this.#options.clock.now())
    const result = await issueDac({
      ...subject,
      pai,
      signer,
      lint,
      vendorId: order.vendorId,
      productId: order.productId,
      notBefore: wholeSeconds(now),
      notAfter: earlier(this.#options.notAfter, pai.certificate.notAfter),
      now,
    })
    if (result.ok) return result.certificate
    throw refusalOf(result.findings, result.lintFindings)
  }

  /** Never a mixed chain: a certificate of another PAI is not handed out beside this one. */
  #chain(dac: Uint8Array): DacChain {
    const { pai, paa } = this.#authority
    if (!equalOctets(parseCertificate(dac).issuer, pai.certificate.subject)) {
      throw new IssuerError('ISSUER_PAI_ROTATED', 'the recorded certificate has another PAI')
    }
    return { dac, pai: pai.certificate.der, paa }
  }
}

interface AcceptedRequest {
  readonly publicKey: P256PublicKey
  readonly spkiSha256: string
}

function requireClock({ clock, buildDate = earliestClock }: LocalIssuerOptions): void {
  const now = clock.now()
  if (now >= buildDate) return
  const [is, earliest] = [new Date(now), new Date(buildDate)].map((time) => time.toISOString())
  throw new IssuerError('ISSUER_CLOCK_WRONG', `it is ${is}, before ${earliest}`)
}

/** Answers early; the record decides. */
function requireOpen(order: IssuanceOrder): void {
  const { orderId, state, certificateLimit, certificatesUsed } = order
  if (state === 'closed') {
    throw new IssuerError('ISSUER_ORDER_CLOSED', `order ${orderId} is closed`)
  }
  if (certificatesUsed < certificateLimit) return
  const message = `order ${orderId} has used ${certificatesUsed} of ${certificateLimit} certificates`
  throw new IssuerError('ISSUER_QUOTA_REACHED', message)
}

/** A bad signature is the signer's fault, an ISS rule or the size the operator's, the rest of the lint ours. */
function refusalOf(findings: readonly Finding[], lintFindings: readonly Finding[]): IssuerError {
  const message = [...findings, ...lintFindings].map(describeFinding).join(' | ')
  const isOnly = (rule: LintRule): boolean => lintFindings.every((finding) => finding.rule === rule)
  if (isOnly('LINT-14')) return new IssuerError('ISSUER_RULE_BROKEN', message)
  return new IssuerError(isOnly('LINT-15') ? 'ISSUER_SIGNER_FAILED' : 'ISSUER_LINT_FAILED', message)
}

function earlier(wanted: Readonly<Date> | undefined, latest: Readonly<Date>): Readonly<Date> {
  return wanted !== undefined && wanted < latest ? wanted : latest
}

function wholeSeconds(time: Readonly<Date>): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000)
}
