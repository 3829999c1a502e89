import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { VerifierEndpoint } from '../endpoint.ts'

const security = {
  basic: { type: 'http', scheme: 'basic' },
  apiKey: { type: 'http', scheme: 'bearer' },
} as const

/** Document of the endpoints (OpenAPI 3.1), made from the schemas that they are written with. */
export function apiDocument(endpoints: readonly VerifierEndpoint[], version: string): unknown {
  const app = new OpenAPIHono()
  for (const [name, scheme] of Object.entries(security)) {
    app.openAPIRegistry.registerComponent('securitySchemes', name, scheme)
  }
  for (const { method, path, access, document } of endpoints) {
    const asked = access === 'anyone' ? [] : [{ basic: [] }, { apiKey: [] }]
    app.openAPIRegistry.registerPath(
      createRoute({ security: asked, ...document, method: methodOf(method), path }),
    )
  }
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Keyline verifier',
      version,
      description:
        'Verifies attestation evidence, takes endorsements and reference values, and keeps policies. Errors are problem documents.',
    },
  })
}

function methodOf(method: VerifierEndpoint['method']): 'get' | 'post' | 'delete' {
  switch (method) {
    case 'GET':
      return 'get'
    case 'POST':
      return 'post'
    case 'DELETE':
      return 'delete'
    default:
      return method satisfies never
  }
}
