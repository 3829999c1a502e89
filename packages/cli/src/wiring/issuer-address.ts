import { CliError } from '../errors.ts'

/** Where certificates come from, as `--issuer` names it. */
export type IssuerAddress =
  | { readonly kind: 'rest' | 'est'; readonly url: string }
  | { readonly kind: 'pool'; readonly folder: string }
  | { readonly kind: 'program'; readonly program: string }

/** Reads `https://…`, `est+https://…`, `pool:FOLDER` or `exec:PROGRAM`. @throws CliError `CLI_USAGE` */
export function issuerAddress(text: string): IssuerAddress {
  const [, scheme = '', rest = ''] = /^(pool|exec|est\+https|https):(.+)$/.exec(text) ?? []
  switch (scheme) {
    case 'pool':
      return { kind: 'pool', folder: rest }
    case 'exec':
      return { kind: 'program', program: rest }
    case 'https':
      return { kind: 'rest', url: serverUrl(text) }
    case 'est+https':
      return { kind: 'est', url: serverUrl(text.slice('est+'.length)) }
    default:
      throw new CliError('CLI_USAGE', `${text} names no issuer`, {
        remedy: 'write https://HOST:PORT, est+https://HOST:PORT, pool:FOLDER or exec:PROGRAM',
      })
  }
}

/** The address of a server, without anything behind its port. @throws CliError `CLI_USAGE` */
export function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isAddress =
    url?.protocol === 'https:' && url.pathname === '/' && url.search === '' && url.hash === ''
  // Who a member is says its certificate: a name or password here would be sent to nobody.
  if (isAddress && url.username === '' && url.password === '') return url.origin
  throw new CliError('CLI_USAGE', 'the address of the server is not of the form https://HOST:PORT')
}
