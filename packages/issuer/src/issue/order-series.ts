import type { Clock } from '@keyline/bytes'
import type { ActiveAuthority } from './authorities.ts'
import { DacSeries } from './dac-series.ts'
import type { IssuanceOrder } from './issuance-store.ts'

export interface OrderSeriesOptions {
  readonly clock: Clock
  /** End of the device certificates; the end of the PAI where that is sooner, or where none is given. */
  readonly notAfter?: Readonly<Date> | undefined
  readonly isPaiRevoked?: ((keyId: string) => boolean) | undefined
}

/** The signer of an authority has verified each signature; the lint does it once more for the first of a second, and for one in so many. */
const verifyEvery = 64

/** The series that certificates are signed in: those of one second, product and PAI differ in the unit alone. */
export class OrderSeries {
  readonly #options: OrderSeriesOptions
  readonly #series = new Map<string, DacSeries>()
  #second = 0

  constructor(options: OrderSeriesOptions) {
    this.#options = options
  }

  of(authority: ActiveAuthority, { vendorId, productId }: IssuanceOrder): DacSeries {
    const now = this.#options.clock.now()
    const second = Math.floor(now / 1000)
    if (second !== this.#second) this.#series.clear()
    this.#second = second
    const { keyId, pai } = authority
    const isPaiRevoked = this.#options.isPaiRevoked?.(keyId) ?? false
    const name = `${keyId} ${vendorId} ${productId} ${isPaiRevoked}`
    const known = this.#series.get(name)
    if (known !== undefined) return known
    const made = new DacSeries({
      pai,
      signer: authority.signer,
      lintIssuer: authority.lintIssuer,
      verifyEvery,
      vendorId,
      productId,
      notBefore: new Date(second * 1000),
      notAfter: earlier(this.#options.notAfter, pai.certificate.notAfter),
      now: new Date(now),
      isPaiRevoked,
    })
    this.#series.set(name, made)
    return made
  }
}

function earlier(wanted: Readonly<Date> | undefined, latest: Readonly<Date>): Readonly<Date> {
  return wanted !== undefined && wanted < latest ? wanted : latest
}
