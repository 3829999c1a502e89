/** Comments give way to blanks; strings and templates stay, whatever they hold. */
const token =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

const specifier =
  /\b(?:import|export)\b[^;'"`()]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*['"]([^'"]+)['"]|\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g

/** The specifiers that a source text imports, re-exports or loads by name, in the order of the text. */
export function importsOf(source: string): readonly string[] {
  const text = source.replaceAll(token, (found) => (found.startsWith('/') ? ' ' : found))
  return Array.from(
    text.matchAll(specifier),
    ([, from, bare, loaded]) => from ?? bare ?? loaded ?? '',
  )
}
