import { isIP } from 'node:net'
import { InvalidArgumentError } from 'commander'

/** Reads `HOST:PORT` for an option; an IPv6 address stands in brackets. */
export function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host !== undefined && port <= 65_535) return { host, port }
  throw new InvalidArgumentError('It must be HOST:PORT, such as 0.0.0.0:8080 or [::]:8080.')
}

/** The address as a URL. */
export function addressUrl(host: string, port: number, isSecure: boolean): string {
  return `${isSecure ? 'https' : 'http'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}
