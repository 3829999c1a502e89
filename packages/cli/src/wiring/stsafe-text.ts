/** Rows under their headings, columns as wide as their widest cell. Nothing but the headings without rows. */
export function tableText(
  headings: readonly string[],
  rows: ReadonlyArray<readonly string[]>,
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [headings, ...rows].map((cells) => `${line(cells)}\n`).join('')
}

/** Names and values, one a line. */
export function fieldsText(fields: Readonly<Record<string, string>>): string {
  const names = Object.keys(fields)
  const width = Math.max(...names.map((name) => name.length)) + 2
  return names.map((name) => `${name.padEnd(width)}${fields[name] ?? ''}\n`).join('')
}

export function yesNo(value: boolean): string {
  return value ? 'yes' : 'no'
}

/** The names of the flags that are set, or a dash. */
export function flagNames(flags: Readonly<Record<string, boolean>>): string {
  const set = Object.keys(flags).filter((name) => flags[name] === true)
  return set.length === 0 ? '-' : set.map(kebab).join(', ')
}

/** `wrappedAnonymous` as `wrapped-anonymous`. */
export function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
