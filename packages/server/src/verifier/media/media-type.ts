/** A media type with its parameters (RFC 9110 section 8.3.1), in the form in which two equal ones are equal texts. */
export interface MediaType {
  /** `type/subtype` in lower case. */
  readonly essence: string
  /** Essence and parameters: names in lower case and in order, values all written the same way. */
  readonly normal: string
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const quoted = String.raw`"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t !-~\x80-\xff])*"`
const head = new RegExp(`^[ \\t]*(${token}/${token})[ \\t]*`)
const parameter = new RegExp(`^;[ \\t]*(?:(${token})=(${token}|${quoted}))?[ \\t]*`)

/** Reads a media type; nothing where it is none, or says a parameter twice. */
export function parseMediaType(text: string): MediaType | undefined {
  const essence = head.exec(text)
  if (essence?.[1] === undefined) return undefined
  const parameters = new Map<string, string>()
  let rest = text.slice(essence[0].length)
  while (rest !== '') {
    const found = parameter.exec(rest)
    if (found === null) return undefined
    const [all, name, value] = found
    rest = rest.slice(all.length)
    if (name === undefined || value === undefined) continue
    const key = name.toLowerCase()
    if (parameters.has(key)) return undefined
    parameters.set(key, unquoted(value))
  }
  const name = essence[1].toLowerCase()
  const tail = Array.from(
    parameters,
    ([key, value]) => `;${key}=${JSON.stringify(value)}`,
  ).toSorted()
  return { essence: name, normal: name + tail.join('') }
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value
}
