import type { Clock } from '@keyline/bytes'
import type { HttpTransport } from './http-transport.ts'

export interface SkewWatch {
  readonly clock: Clock
  /** Told once, with how far the clock of the server is ahead of this one, milliseconds. */
  readonly onSkew: (ms: number) => void
}

/** From here on a person should know. Source: fault matrix, TIME-3. */
const noticedMs = 30_000

/** A transport that compares the clocks of both ends by the `Date` of the answers, which is in whole seconds. */
export function watchSkew(inner: HttpTransport, { clock, onSkew }: SkewWatch): HttpTransport {
  let isTold = false
  return {
    exchange: async (request, options) => {
      const answer = await inner.exchange(request, options)
      const date = Date.parse(answer.header('date') ?? '')
      const ms = date - clock.now()
      if (!isTold && Math.abs(ms) > noticedMs) {
        isTold = true
        onSkew(ms)
      }
      return answer
    },
    close: () => inner.close(),
  }
}
