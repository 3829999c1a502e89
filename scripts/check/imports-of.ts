/** Comments, and the strings and templates that are none of them whatever they hold. */
const token =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

const specifier =
  /(?<!['"])\b(?:import|export)\b[^;'"`()]*?\bfrom\s*['"]([^'"]+)['"]|(?<!['"])\bimport\s*['"]([^'"]+)['"]|\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g

/** The text with its comments, strings and templates blanked out, line by line where it was. */
export function codeOf(source: string): string {
  return source.replaceAll(token, blank)
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ')
}

/** The specifiers that a source text imports, re-exports or loads by name, in the order of the text. */
export function importsOf(source: string): readonly string[] {
  const text = source.replaceAll(token, (found) => (found.startsWith('/') ? ' ' : found))
  return Array.from(
    text.matchAll(specifier),
    ([, from, bare, loaded]) => from ?? bare ?? loaded ?? '',
  )
}
