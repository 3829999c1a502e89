import {
  describeFinding,
  throwIfInterrupted,
  type Clock,
  type Finding,
  type Random,
} from '@keyline/bytes'
import type { Policy } from '@keyline/ledger/records'
import { drawSerialNumber } from '../build/serial-number.ts'
import { IssuerError } from '../errors.ts'
import { judgeKey, judgeRequest, readRequest, type ReadRequest } from '../request/check-request.ts'
import { Authorities, isActive } from './authorities.ts'
import { prepareAuthority, type CertificateAuthority, type FurtherAuthority } from './authority.ts'
import { dacCommonName, defaultCommonName } from './dac-common-name.ts'
import { OrderSeries } from './order-series.ts'
import type {
  IssuanceOrder,
  IssuanceProspect,
  IssuanceStore,
  UnitIdentity,
} from './issuance-store.ts'
import { requireOpen } from './require-open.ts'
import { requestHash } from './request-hash.ts'
import { storeRefusal } from './store-refusal.ts'
import { ownThread, type SignatureVerifier } from '../verify/signature-verifier.ts'

/** Asks for a device certificate. The same key with the same body gives the same answer, for ever. */
export interface DacRequest {
  readonly orderId: string
  readonly unitId: string
  readonly idempotencyKey: string
  /** PKCS#10 DER from the board. */
  readonly csr: Uint8Array
  /** The station that asks, where it asks from elsewhere. */
  readonly stationId?: string | undefined
  /** Who the unit is, where the store of this issuer need not know it. */
  readonly identity?: UnitIdentity | undefined
}

/** X.509 DER, the device's certificate and the two above it. */
export interface DacChain {
  readonly dac: Uint8Array
  readonly pai: Uint8Array
  readonly paa: Uint8Array
}

/** A chain, and whether it was given before. */
export interface IssuedDac extends DacChain {
  readonly replayed: boolean
}

/** The authority is that of new orders; the further ones are of other products, or of orders that were begun with them. */
export interface LocalIssuerOptions extends CertificateAuthority {
  readonly authorities?: readonly FurtherAuthority[] | undefined
  readonly store: IssuanceStore
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
  /** Verifies the signatures of requests and of the signer; the thread that asks unless given. */
  readonly verifier?: SignatureVerifier | undefined
  /** True for a PAI that was revoked: nothing is issued with it. @param keyId lower-case hexadecimal */
  readonly isPaiRevoked?: ((keyId: string) => boolean) | undefined
}

const earliestClock = Date.UTC(2025, 0, 1)
const defaultSignTimeoutMs = 10_000

/**
 * An issuer in this process. PAA, PAI and key are judged once, here, and the signer signs and verifies a probe.
 * @throws IssuerError `ISSUER_CLOCK_WRONG`, `ISSUER_PAI_UNUSABLE`, `ISSUER_POLICY_REFUSES`, `ISSUER_SIGNER_FAILED`
 */
export async function createLocalIssuer(options: LocalIssuerOptions): Promise<LocalIssuer> {
  const { policy = 'test', signTimeoutMs = defaultSignTimeoutMs, clock, random } = options
  const { verifier = ownThread } = options
  requireClock(options)
  const around = { policy, signTimeoutMs, clock, random, verifier }
  const { signer, pai, paa, authorities = [] } = options
  const [main, ...further] = await Promise.all(
    [{ signer, pai, paa }, ...authorities].map((one) => prepareAuthority({ ...around, ...one })),
  )
  if (main === undefined || !isActive(main)) {
    throw new IssuerError('ISSUER_PAI_UNUSABLE', 'the PAI of new orders has no signer')
  }
  return new LocalIssuer(options, new Authorities(main, further))
}

/** Issues device certificates under work orders. Made by `createLocalIssuer`. */
export class LocalIssuer {
  readonly #options: LocalIssuerOptions
  readonly #policy: Policy
  readonly #authorities: Authorities
  readonly #series: OrderSeries

  constructor(options: LocalIssuerOptions, authorities: Authorities) {
    this.#options = options
    this.#policy = options.policy ?? 'test'
    this.#authorities = authorities
    this.#series = new OrderSeries(options)
  }

  /**
   * Gives the certificate of a request: the recorded one when it was asked for before, a new one otherwise.
   * A new one leaves only after its record, which uses up one certificate of the order.
   * @throws IssuerError, with the fault that decides the verdict; whatever else the store refuses with
   */
  async issue(
    request: DacRequest,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<IssuedDac> {
    throwIfInterrupted(options.signal)
    const { orderId, unitId, idempotencyKey, csr } = request
    const hash = requestHash(request)
    const read = readRequest(csr)
    const spkiSha256 = read.ok ? read.spkiSha256 : undefined
    const prospect = await this.#ask((store) =>
      store.prospect({ orderId, unitId, idempotencyKey, spkiSha256 }),
    )
    const { issued } = prospect
    if (issued?.requestHash === hash) return this.#chain(issued.certificate, true)
    if (issued !== undefined) {
      const message = `${idempotencyKey} of unit ${unitId} was used for another request`
      throw new IssuerError('ISSUER_IDEMPOTENCY_CONFLICT', message)
    }
    requireClock(this.#options)
    const order = this.#order(orderId, prospect)
    const { point } = await this.#accepted(read, order, prospect)
    requireOpen(order, request.stationId, this.#options.clock.now())
    const authority = this.#authorities.ofOrder(order)
    const commonName = this.#commonName(request, prospect)
    throwIfInterrupted(options.signal)
    const dac = await this.#series.of(authority, order).issue({
      publicKey: point,
      serialNumber: drawSerialNumber(this.#options.random),
      commonName,
    })
    throwIfInterrupted(options.signal)
    const { stationId, identity } = request
    const recorded = await this.#ask((store) =>
      store.record({
        orderId,
        unitId,
        idempotencyKey,
        requestHash: hash,
        spkiSha256: dac.spkiSha256,
        issuerKeyId: authority.keyId,
        serialNumber: dac.serialNumber,
        certificate: dac.der,
        ...(stationId === undefined ? {} : { stationId }),
        ...(identity === undefined ? {} : { identity }),
      }),
    )
    return this.#chain(recorded.certificate, recorded.replayed)
  }

  async #ask<T>(question: (store: IssuanceStore) => Promise<T>): Promise<T> {
    try {
      return await question(this.#options.store)
    } catch (error) {
      throw storeRefusal(error)
    }
  }

  #order(orderId: string, { order }: IssuanceProspect): IssuanceOrder {
    if (order === undefined) {
      throw new IssuerError('ISSUER_ORDER_UNKNOWN', `the ledger has no order ${orderId}`)
    }
    if (order.policy !== this.#policy) {
      const message = `order ${orderId} has the policy ${order.policy}, this issuer ${this.#policy}`
      throw new IssuerError('ISSUER_POLICY_MISMATCH', message)
    }
    return order
  }

  async #accepted(
    read: ReturnType<typeof readRequest>,
    order: IssuanceOrder,
    { isKeyKnown }: IssuanceProspect,
  ): Promise<ReadRequest> {
    if (!read.ok) throw requestRefusal(read.finding)
    const isKnown = isKeyKnown || this.#authorities.isCaKey(read.spkiSha256)
    const { verifier = ownThread } = this.#options
    const refused = (await judgeRequest(read, order, verifier)) ?? judgeKey(read, order, isKnown)
    if (refused !== undefined) throw requestRefusal(refused.finding)
    return read
  }

  #commonName({ unitId, identity }: DacRequest, prospect: IssuanceProspect): string {
    const { commonName = defaultCommonName } = this.#options
    const serialNumber = identity?.serialNumber ?? prospect.serialNumber
    if (serialNumber !== undefined) return dacCommonName(commonName, { unitId, serialNumber })
    throw new IssuerError('ISSUER_UNIT_UNKNOWN', `the ledger has no unit ${unitId}`)
  }

  #chain(dac: Uint8Array, replayed: boolean): IssuedDac {
    const { pai, paa } = this.#authorities.ofCertificate(dac)
    return { dac, pai: pai.certificate.der, paa, replayed }
  }
}

function requireClock({ clock, buildDate = earliestClock }: LocalIssuerOptions): void {
  const now = clock.now()
  if (now >= buildDate) return
  const [is, earliest] = [new Date(now), new Date(buildDate)].map((time) => time.toISOString())
  throw new IssuerError('ISSUER_CLOCK_WRONG', `it is ${is}, before ${earliest}`)
}

function requestRefusal(finding: Finding): IssuerError {
  const { rule } = finding
  const code = rule === 'CSR-07' ? 'ISSUER_KEY_KNOWN' : 'ISSUER_REQUEST_REFUSED'
  return new IssuerError(code, describeFinding(finding), { details: { rule } })
}
