/** What one reader makes of an input, field by field, in a form that the others can produce too. */
export type Fields = Readonly<Record<string, string>>

/** One line for each field of `theirs` that is another one in `ours`. */
export function differences(place: string, ours: Fields, theirs: Fields): readonly string[] {
  return Object.entries(theirs)
    .filter(([field, value]) => ours[field] !== value)
    .map(([field, value]) => `${place}: ${field} is ${ours[field]} here, ${value} there`)
}

/** Most differences that a failed test shows: with the first few, the rest has the same cause. */
const mostShown = 5

/** The first differences, and how many there are in all; empty when there is none. */
export function shown(problems: readonly string[]): readonly string[] {
  return problems.length <= mostShown
    ? problems
    : [...problems.slice(0, mostShown), `${problems.length} differences in all`]
}
