/** Colours and cursor movements of a terminal, ESC `[` up to a letter. */
const escapeSequence = new RegExp(`${String.fromCharCode(0x1b)}\\[[0-9;?]*[A-Za-z]`, 'g')

/** The lines of what the programmer printed, whatever its line ends, without colours and blanks around them. */
export function outputLines(text: string): readonly string[] {
  return text
    .replace(escapeSequence, '')
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
}

/** Name and value of a line such as `ST-LINK SN  : 066D…`; the value may be empty. */
export function namedValue(line: string): readonly [name: string, value: string] | undefined {
  const at = line.indexOf(':')
  return at < 1 ? undefined : [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()]
}

/** The version of the banner, such as `2.20.0`. */
export function bannerVersion(text: string): string | undefined {
  return /STM32CubeProgrammer v(\d+(?:\.\d+)*)/.exec(text)?.[1]
}
