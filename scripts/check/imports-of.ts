/** Comments, and the strings and templates that are none of them whatever they hold. */
const token =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

const specifier =
  /\b(?:import|export)\b[^;'"`()]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*['"]([^'"]+)['"]|\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g

/** The text with its comments blanked out, line by line where it was. */
export function withoutComments(source: string): string {
  return source.replaceAll(token, (found) =>
    found.startsWith('/') ? found.replaceAll(/[^\n]/g, ' ') : found,
  )
}

/** The specifiers that a source text imports, re-exports or loads by name, in the order of the text. */
export function importsOf(source: string): readonly string[] {
  const text = source.replaceAll(token, (found) => (found.startsWith('/') ? ' ' : found))
  return Array.from(
    text.matchAll(specifier),
    ([, from, bare, loaded]) => from ?? bare ?? loaded ?? '',
  )
}
