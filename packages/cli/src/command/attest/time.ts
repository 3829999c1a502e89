import { InvalidArgumentError } from 'commander'

/** Reads a moment in ISO 8601 for an option. */
export function isoTime(text: string): Date {
  const time = new Date(text)
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time.getTime())) return time
  throw new InvalidArgumentError('It must be a time such as 2026-12-31T23:59:59Z.')
}
