import { basename, dirname } from 'node:path'
import type { Discovery } from './search.ts'

/**
 * Where a secret may stand in the clear: in the flash of a board, the passcode on the label of its own unit,
 * and the store key in its file. Source: security section 3.
 */
export function isAllowed({ secret, place }: Discovery): boolean {
  const file = basename(place)
  const folder = basename(dirname(place))
  switch (file) {
    case 'flash.bin':
      return /^board-[0-9a-f]{24}$/.test(folder)
    case 'onboarding.svg':
    case 'onboarding.txt':
      return secret.name === 'passcode' && secret.unit === folder
    case 'store.key':
      return secret.name === 'store key'
    default:
      return false
  }
}

/** What a person must hear of a leak. It names the secret and does not repeat it. */
export function leaksAmong(discoveries: readonly Discovery[]): readonly string[] {
  return discoveries
    .filter((discovery) => !isAllowed(discovery))
    .map(
      ({ secret, form, place }) =>
        `${[secret.name, secret.unit].filter(Boolean).join(' of ')} as ${form} in ${place}`,
    )
}
