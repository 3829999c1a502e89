import { decodeToken, EatError, type Token, type TokenOptions } from '@keyline/eat'
import { refusalOf, type Refusal } from './refusal.ts'

/** Evidence whose form is right, or why it is not. */
export type Decoded =
  | { readonly isSound: true; readonly token: Token }
  | { readonly isSound: false; readonly refusal: Refusal }

/** Decodes a token in one pass: envelope, headers, claims. Octets of the result are views of the input. */
export function decodeEvidence(octets: Uint8Array, options: TokenOptions = {}): Decoded {
  try {
    return { isSound: true, token: decodeToken(octets, options) }
  } catch (error) {
    if (!(error instanceof EatError)) throw error
    const stage = /^E_(CLAIM|PROFILE|SW_)/.test(error.code) ? 'claims' : 'envelope'
    return { isSound: false, refusal: refusalOf(error, stage) }
  }
}
