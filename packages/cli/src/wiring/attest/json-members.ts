import type { JsonValue } from '@keyline/bytes'

/** Members of an object; none of anything else. */
export function jsonMembers(json: JsonValue | undefined): ReadonlyMap<string, JsonValue> {
  const members = new Map<string, JsonValue>()
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return members
  for (const [name, value] of Object.entries(json)) {
    if (value !== undefined) members.set(name, value)
  }
  return members
}
