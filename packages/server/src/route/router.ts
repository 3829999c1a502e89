import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { RequestListener } from 'node:http'
import { ServerError } from '../errors.ts'
import { access } from './access.ts'
import type { Endpoint } from './endpoint.ts'
import type { Gate } from './gate.ts'

type App = OpenAPIHono<{ Bindings: HttpBindings }>

/** The endpoints as a Hono application: each one's route, document and way through the gate. */
export function createApp(endpoints: readonly Endpoint[], gate: Gate): App {
  requireSame(endpoints)
  const app: App = new OpenAPIHono()
  for (const endpoint of endpoints) {
    const [method = '', path = ''] = endpoint.id.split(' ')
    const route = createRoute({ ...endpoint.document, method: methodOf(method), path })
    app.openAPIRegistry.registerPath(route)
    app.on(method, route.getRoutingPath(), async (context) => {
      const { incoming, outgoing } = context.env
      await gate.serve(endpoint, context.req.param(), incoming, outgoing)
      return RESPONSE_ALREADY_SENT
    })
  }
  app.all('*', async (context) => {
    const { incoming, outgoing } = context.env
    const form = context.req.path.startsWith('/.well-known/est') ? 'text' : 'problem'
    await gate.refuse(unrouted(context.req), form, incoming, outgoing)
    return RESPONSE_ALREADY_SENT
  })
  return app
}

/** The application as Node.js calls it. Answers are written by the gate alone. */
export function listenerOf(app: App): RequestListener {
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    autoCleanupIncoming: false,
  })
  return (incoming, outgoing) => void listener(incoming, outgoing)
}

/** Document of all endpoints (OpenAPI 3.1). */
export function documentOf(app: App): unknown {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Keyline',
      version: '1',
      description:
        'Device certificates under work orders, over mutual TLS. Errors are problem documents; EST answers with two lines of text.',
    },
  })
}

const patterns = Object.keys(access).map((id) => {
  const [method = '', path = ''] = id.split(' ')
  return {
    method,
    path: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }
})

/** Why no endpoint takes a request: its method, or its path. */
function unrouted({
  method,
  path,
}: {
  readonly method: string
  readonly path: string
}): ServerError {
  const allowed = patterns.filter((known) => known.path.test(path)).map((known) => known.method)
  if (allowed.length === 0) {
    return new ServerError('SERVER_ROUTE_UNKNOWN', `there is no ${method} ${path.slice(0, 200)}`)
  }
  const allow = [...new Set(allowed)].join(', ')
  return new ServerError('SERVER_METHOD', `the endpoint does not take ${method}`, {
    details: { allow },
  })
}

/** An endpoint without its line in the table of access, or the other way round, is a mistake of the program. */
function requireSame(endpoints: readonly Endpoint[]): void {
  const made = new Set<string>(endpoints.map(({ id }) => id))
  const missing = Object.keys(access).filter((id) => !made.has(id))
  if (missing.length === 0 && made.size === endpoints.length) return
  throw new ServerError('SERVER_BUG', `endpoints are missing or doubled: ${missing.join(', ')}`)
}

function methodOf(method: string): 'get' | 'post' {
  return method === 'GET' ? 'get' : 'post'
}
