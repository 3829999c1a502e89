import { decodeOpened, EatError, openToken, type Token, type TokenOptions } from '@keyline/eat'
import { refusalOf, type Refusal, type RefusalStage } from './refusal.ts'

/** Evidence whose form is right, or why it is not. */
export type Decoded =
  | { readonly isSound: true; readonly token: Token }
  | { readonly isSound: false; readonly refusal: Refusal }

/** Decodes a token in one pass: envelope, headers, claims. Octets of the result are views of the input. */
export function decodeEvidence(octets: Uint8Array, options: TokenOptions = {}): Decoded {
  let stage: RefusalStage = 'envelope'
  try {
    const opened = openToken(octets, options)
    stage = 'claims'
    return { isSound: true, token: decodeOpened(opened, octets, options) }
  } catch (error) {
    if (!(error instanceof EatError)) throw error
    return { isSound: false, refusal: refusalOf(error, stage) }
  }
}
