import { maskSecrets } from '../programmer/capped-output.ts'

const longest = 400

/** Text of a manager as it may stand in a log: masked, on one line, bounded. */
export function logText(text: string): string {
  const safe = maskSecrets(text.trimEnd()).replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return safe.length > longest ? `${safe.slice(0, longest)}…` : safe
}
