/** When a list is made anew, as parts of its life from thisUpdate to nextUpdate. */
export interface ListPolicy {
  /** From thisUpdate to nextUpdate, milliseconds. */
  readonly lifeMs: number
  /** A new list is made from here on. */
  readonly rebuildAt: number
  /** From here on nobody has made one although it was due: a person must look. */
  readonly alarmAt: number
  /** How far thisUpdate lies in the past, for verifiers whose clock is behind. */
  readonly backdateMs: number
}

const day = 86_400_000

export const defaultListPolicy: ListPolicy = {
  lifeMs: 7 * day,
  rebuildAt: 0.25,
  alarmAt: 0.5,
  backdateMs: 5 * 60_000,
}

export type ListState = 'none' | 'fresh' | 'due' | 'overdue' | 'lapsed'

/** How old a list is, in the states that something follows from. Times in milliseconds since 1970. */
export function listState(
  list: { readonly thisUpdate: number; readonly nextUpdate: number } | undefined,
  now: number,
  { rebuildAt, alarmAt }: ListPolicy,
): ListState {
  if (list === undefined) return 'none'
  const part = (now - list.thisUpdate) / (list.nextUpdate - list.thisUpdate)
  if (!(part < 1)) return 'lapsed'
  if (part >= alarmAt) return 'overdue'
  return part >= rebuildAt ? 'due' : 'fresh'
}
