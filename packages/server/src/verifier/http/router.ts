import { ServerError } from '../../errors.ts'
import type { VerifierEndpoint } from '../endpoint.ts'
import { defaultTenant } from '../settings.ts'

/** What a request line leads to. */
export interface Destination {
  readonly endpoint: VerifierEndpoint
  readonly params: Readonly<Record<string, string>>
  readonly tenant: string
  /** In front of the paths of the tenant: empty, or `/tenant/NAME`. */
  readonly prefix: string
}

interface Pattern {
  readonly segments: readonly string[]
  readonly byMethod: ReadonlyMap<string, VerifierEndpoint>
}

export interface Tenants {
  /** Those that are served under `/tenant/NAME`. */
  readonly names: readonly string[]
  /** Host names in lower case, without port, and their tenants. */
  readonly hosts: Readonly<Record<string, string>>
}

const nothing: Readonly<Record<string, string>> = {}

/** Finds the endpoint of a request: paths that are fixed by one look into a map, the few others piece by piece. */
export class Router {
  readonly #fixed = new Map<string, ReadonlyMap<string, VerifierEndpoint>>()
  readonly #patterns: readonly Pattern[]
  readonly #tenants: ReadonlyMap<string, string>
  readonly #hosts: ReadonlyMap<string, string>

  constructor(endpoints: readonly VerifierEndpoint[], { names, hosts }: Tenants) {
    this.#tenants = new Map(names.map((name) => [`/tenant/${name}`, name]))
    this.#hosts = new Map(Object.entries(hosts))
    const patterns: Pattern[] = []
    for (const path of new Set(endpoints.map((endpoint) => endpoint.path))) {
      const byMethod = new Map<string, VerifierEndpoint>()
      for (const one of endpoints) if (one.path === path) byMethod.set(one.method, one)
      if (path.includes('{')) patterns.push({ segments: path.split('/'), byMethod })
      else this.#fixed.set(path, byMethod)
    }
    this.#patterns = patterns
  }

  /** @throws ServerError `SERVER_ROUTE_UNKNOWN`, `SERVER_METHOD` */
  find(method: string, target: string, host: string | undefined): Destination {
    const end = target.indexOf('?')
    const path = end < 0 ? target : target.slice(0, end)
    const ofHost = this.#tenantOfHost(host)
    if (ofHost !== undefined) return this.#within(method, path, ofHost, '')
    if (!path.startsWith('/tenant/')) return this.#within(method, path, defaultTenant, '')
    const slash = path.indexOf('/', '/tenant/'.length)
    const prefix = slash < 0 ? path : path.slice(0, slash)
    const tenant = this.#tenants.get(prefix)
    if (tenant === undefined) throw unknown(method, path)
    return this.#within(method, path.slice(prefix.length), tenant, prefix)
  }

  #tenantOfHost(host: string | undefined): string | undefined {
    if (this.#hosts.size === 0 || host === undefined) return undefined
    return this.#hosts.get(host.toLowerCase().replace(/:\d+$/, ''))
  }

  #within(method: string, path: string, tenant: string, prefix: string): Destination {
    const fixed = this.#fixed.get(path)
    if (fixed !== undefined) {
      return { endpoint: methodOf(fixed, method), params: nothing, tenant, prefix }
    }
    const segments = path.split('/')
    for (const pattern of this.#patterns) {
      const params = match(pattern.segments, segments)
      if (params === undefined) continue
      return { endpoint: methodOf(pattern.byMethod, method), params, tenant, prefix }
    }
    throw unknown(method, path)
  }
}

function methodOf(
  byMethod: ReadonlyMap<string, VerifierEndpoint>,
  method: string,
): VerifierEndpoint {
  const endpoint = byMethod.get(method)
  if (endpoint !== undefined) return endpoint
  const allow = [...byMethod.keys()].join(', ')
  throw new ServerError('SERVER_METHOD', `the endpoint does not take ${method}`, {
    details: { allow },
  })
}

function match(
  wanted: readonly string[],
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (wanted.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, name] of wanted.entries()) {
    const segment = segments[index] ?? ''
    if (!name.startsWith('{')) {
      if (segment !== name) return undefined
    } else if (segment === '') return undefined
    else params[name.slice(1, -1)] = decoded(segment)
  }
  return params
}

/** A part of a path with a broken escape names nothing; it is left as it is. */
function decoded(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function unknown(method: string, path: string): ServerError {
  return new ServerError('SERVER_ROUTE_UNKNOWN', `there is no ${method} ${path.slice(0, 100)}`)
}
