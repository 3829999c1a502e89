/** MAJOR.MINOR.PATCH of semantic versioning; a label behind them is not compared. */
const form = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+][0-9A-Za-z.+-]*)?$/

/** Negative, zero or positive as the first version is older, the same or newer; nothing when one of them is none. */
export function compareVersions(one: string, other: string): number | undefined {
  const left = form.exec(one)
  const right = form.exec(other)
  if (left === null || right === null) return undefined
  for (const place of [1, 2, 3]) {
    const difference = Number(left[place]) - Number(right[place])
    if (difference !== 0) return difference
  }
  return 0
}
