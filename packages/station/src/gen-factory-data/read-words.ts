import type { Cause } from './option-rules.ts'
import { optionNamed, optionTable, type OptionName } from './option-table.ts'

/** The options of a command line as texts; a flag has the empty text. */
export interface ReadWords {
  readonly given: ReadonlyMap<OptionName, string>
  readonly causes: readonly Cause[]
}

/**
 * Takes `--name value` and `--name=value` apart. No abbreviations; of an option that stands twice the first value counts.
 * A word that begins with `-` is never a value. Source: provisioning-station section 2.1.
 */
export function readWords(words: readonly string[]): ReadWords {
  const given = new Map<OptionName, string>()
  const causes: Cause[] = []
  const refuse = (option: string, message: string): void => {
    causes.push({ rule: 'CLI-01', option, message })
  }
  const take = (option: OptionName, value: string): void => {
    if (given.has(option)) refuse(option, 'stands twice; the first one counts')
    else given.set(option, value)
  }
  for (let at = 0; at < words.length; at += 1) {
    const { name, attached } = splitWord(words[at] ?? '')
    const option = optionNamed(name)
    if (option === undefined) {
      refuse(name, name.startsWith('-') ? 'is no option' : 'belongs to no option')
      continue
    }
    if (optionTable[option].value === 'none') {
      if (attached === undefined) take(option, '')
      else refuse(option, 'takes no value')
      continue
    }
    const next = words[at + 1]
    if (attached !== undefined) {
      take(option, attached)
    } else if (next !== undefined && !next.startsWith('-')) {
      take(option, next)
      at += 1
    } else {
      refuse(option, 'has no value')
    }
  }
  return { given, causes }
}

/** Only long names may carry their value behind `=`. */
function splitWord(word: string): { readonly name: string; readonly attached?: string } {
  const at = word.indexOf('=')
  if (!word.startsWith('--') || at < 0) return { name: word }
  return { name: word.slice(0, at), attached: word.slice(at + 1) }
}
