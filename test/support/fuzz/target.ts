import { decodeUtf8, isKeylineError } from '@keyline/bytes'

/** One decoder, whatever the ways into it: its targets share its time. */
export interface FuzzDecoder {
  readonly name: string
  readonly targets: readonly FuzzTarget[]
}

/** A way into a decoder. */
export interface FuzzTarget {
  readonly name: string
  /** Inputs that the decoder takes, to be mutated. */
  readonly seeds: () => readonly Uint8Array[]
  /**
   * Runs the decoder on one input. A `KeylineError` is a refusal, any other error a finding;
   * what the decoder accepts must keep its laws, and `expectLaw` says so. A promise is awaited.
   */
  readonly run: (octets: Uint8Array) => unknown
}

/** A law of the decoder that an accepted input broke. */
export class BrokenLaw extends Error {
  override readonly name = 'BrokenLaw'
}

export function expectLaw(isKept: boolean, law: string): void {
  if (!isKept) throw new BrokenLaw(law)
}

/** A target that takes text: octets that are no UTF-8 are read as Latin-1, so that every input is a text. */
export function textTarget(
  name: string,
  seeds: () => readonly string[],
  run: (text: string) => unknown,
): FuzzTarget {
  return {
    name,
    seeds: () => seeds().map((text) => new TextEncoder().encode(text)),
    run: (octets) => run(asText(octets)),
  }
}

function asText(octets: Uint8Array): string {
  try {
    return decodeUtf8(octets)
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return Buffer.from(octets).toString('latin1')
  }
}
