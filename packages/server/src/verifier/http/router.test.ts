import { isKeylineError } from '@keyline/bytes'
import { describe, expect, it } from 'vitest'
import type { VerifierEndpoint } from '../endpoint.ts'
import { Router } from './router.ts'

function endpoint(method: VerifierEndpoint['method'], path: string): VerifierEndpoint {
  const document = { summary: 'x', responses: {} }
  return { method, path, access: 'anyone', bodyLimit: 0, document, handle: () => ({ status: 204 }) }
}

const router = new Router(
  [
    endpoint('GET', '/a'),
    endpoint('POST', '/a'),
    endpoint('GET', '/b/{id}'),
    endpoint('DELETE', '/b/{id}'),
    endpoint('GET', '/b/{id}/c'),
    endpoint('GET', '/b/fixed'),
  ],
  { names: ['acme'], hosts: { 'acme.example': 'acme' } },
)

function found(method: string, target: string, host?: string): unknown {
  try {
    const { endpoint: one, params, tenant, prefix } = router.find(method, target, host)
    return [one.path, params, tenant, prefix]
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return [error.code, error.details['allow']]
  }
}

describe('the router of the verifier', () => {
  it.each([
    ['GET', '/a', '/a', {}],
    ['POST', '/a?x=/b/1', '/a', {}],
    ['GET', '/b/1', '/b/{id}', { id: '1' }],
    ['GET', '/b/a%20b?c', '/b/{id}', { id: 'a b' }],
    ['GET', '/b/%zz', '/b/{id}', { id: '%zz' }],
    ['GET', '/b/1/c', '/b/{id}/c', { id: '1' }],
    ['GET', '/b/fixed', '/b/fixed', {}],
  ])('finds %s %s', (method, target, path, params) => {
    expect(found(method, target)).toEqual([path, params, '0', ''])
  })

  it.each([
    ['GET', '/'],
    ['GET', ''],
    ['GET', '/a/'],
    ['GET', '/A'],
    ['GET', '/b/'],
    ['GET', '/b/1/d'],
    ['GET', '/tenant/other/a'],
    ['GET', '/tenant/acme'],
    ['GET', '/tenant/0/a'],
    ['GET', '/tenant/acme/tenant/acme/a'],
  ])('has nothing at %s %s', (method, target) => {
    expect(found(method, target)).toEqual(['SERVER_ROUTE_UNKNOWN', undefined])
  })

  it('says which methods a path takes', () => {
    expect(found('PUT', '/a')).toEqual(['SERVER_METHOD', 'GET, POST'])
    expect(found('POST', '/b/1')).toEqual(['SERVER_METHOD', 'GET, DELETE'])
  })

  it('knows a tenant by the path, and by the host', () => {
    expect(found('GET', '/tenant/acme/b/1')).toEqual([
      '/b/{id}',
      { id: '1' },
      'acme',
      '/tenant/acme',
    ])
    expect(found('GET', '/a', 'ACME.example:8443')).toEqual(['/a', {}, 'acme', ''])
    expect(found('GET', '/a', 'other.example')).toEqual(['/a', {}, '0', ''])
    expect(found('GET', '/tenant/acme/a', 'acme.example')).toEqual([
      'SERVER_ROUTE_UNKNOWN',
      undefined,
    ])
  })
})
