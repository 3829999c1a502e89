import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromBase64 } from '@keyline/bytes'
import { WorkOrder } from '@keyline/ledger/records'
import { pemEncode } from '@keyline/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/line.ts'
import { Openssl } from '../support/openssl.ts'
import { requireProgram } from '../support/program.ts'
import { exampleOrder } from './support/order.ts'
import { startService, type TestService } from './support/service.ts'

requireProgram({ command: 'curl', debianPackage: 'curl' })

let service: TestService
let folder: Awaited<ReturnType<typeof temporaryFolder>>
const openssl = new Openssl()

interface CurlReply {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Runs curl against the server, which it trusts by the file `ca.pem` alone. */
function curl(path: string, ...args: readonly string[]): Promise<CurlReply> {
  const url = `https://localhost:${service.server.port}${path}`
  const output = ['--silent', '--show-error', '--write-out', '\n%{http_code} %{content_type}']
  return new Promise((resolve, reject) => {
    const all = [...output, '--cacert', 'ca.pem', '--max-time', '60', ...args, url]
    execFile('curl', all, { cwd: folder.path }, (error, stdout, stderr) => {
      if (error !== null) {
        reject(new Error(`curl ended with ${String(error.code)}: ${stderr}`))
        return
      }
      const end = stdout.lastIndexOf('\n')
      const [status = '', ...type] = stdout.slice(end + 1).split(' ')
      resolve({ status: Number(status), type: type.join(' '), body: stdout.slice(0, end) })
    })
  })
}

const asStation = ['--cert', 'station.pem', '--key', 'station.key'] as const
const pkcs10 = ['--header', 'Content-Type: application/pkcs10'] as const

/** A new P-256 key and a request for it, made by openssl. The request is written as `NAME.b64` for curl. */
async function opensslRequest(
  name: string,
  subject: string,
  ...args: readonly string[]
): Promise<void> {
  await openssl.output([
    'ecparam',
    '-name',
    'prime256v1',
    '-genkey',
    '-noout',
    '-out',
    `${name}.key`,
  ])
  await openssl.output([
    'req',
    '-new',
    '-key',
    `${name}.key`,
    '-subj',
    subject,
    '-outform',
    'DER',
    '-out',
    `${name}.der`,
    ...args,
  ])
  await openssl.output(['base64', '-in', `${name}.der`, '-out', `${name}.b64`])
  for (const kind of ['key', 'der', 'b64']) {
    writeFileSync(join(folder.path, `${name}.${kind}`), openssl.read(`${name}.${kind}`))
  }
}

/** The certificates of an EST answer as openssl reads them, PEM. */
async function opensslCertificates(body: string): Promise<string> {
  openssl.write('answer.b64', body)
  await openssl.output(['base64', '-d', '-in', 'answer.b64', '-out', 'answer.p7'])
  return openssl.output(['pkcs7', '-inform', 'DER', '-in', 'answer.p7', '-print_certs'])
}

beforeAll(async () => {
  service = await startService()
  folder = await temporaryFolder('keyline-curl')
  writeFileSync(
    join(folder.path, 'ca.pem'),
    pemEncode('CERTIFICATE', service.serviceCa.certificate),
  )
  await opensslRequest('station', '/CN=curl-station')
  const token = await service.invite('curl-station', 'station')
  const { status, body } = await curl(
    '/.well-known/est/members/simpleenroll',
    ...pkcs10,
    '--user',
    `curl-station:${token}`,
    '--data-binary',
    '@station.b64',
  )
  if (status !== 200) throw new Error(`the station was not enrolled: ${status} ${body}`)
  writeFileSync(join(folder.path, 'station.pem'), await opensslCertificates(body))
  writeFileSync(join(folder.path, 'large'), 'A'.repeat(70_000))
  await openssl.output(['ecparam', '-name', 'secp384r1', '-genkey', '-noout', '-out', 'p384.key'])
  await openssl.output([
    'req',
    '-new',
    '-key',
    'p384.key',
    '-subj',
    '/',
    '-sha256',
    '-outform',
    'DER',
    '-out',
    'p384.der',
  ])
  await openssl.output(['base64', '-in', 'p384.der', '-out', 'p384.b64'])
  writeFileSync(join(folder.path, 'p384.b64'), openssl.read('p384.b64'))
})

afterAll(async () => {
  openssl[Symbol.dispose]()
  await folder[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
})

const enrolPath = '/.well-known/est/O-1/simpleenroll'

const enrol = (file: string, ...args: readonly string[]): Promise<CurlReply> =>
  curl(enrolPath, ...asStation, ...pkcs10, '--data-binary', `@${file}`, ...args)

async function used(): Promise<number | undefined> {
  return (await service.ledger.order('O-1'))?.certificatesUsed
}

describe('curl and openssl', () => {
  it('see in the certificate of the station a client of the service, and nothing more', async () => {
    openssl.write('ca.pem', readFileSync(join(folder.path, 'ca.pem')))
    openssl.write('station.pem', readFileSync(join(folder.path, 'station.pem')))
    const verify = ['verify', '-x509_strict', '-CAfile', 'ca.pem', '-purpose']
    expect(await openssl.output([...verify, 'sslclient', 'station.pem'])).toContain('OK')
    expect((await openssl.run([...verify, 'sslserver', 'station.pem'])).status).not.toBe(0)
  })

  it('enrol a device over EST, whose certificate openssl verifies up to the PAA that cacerts gives', async () => {
    await opensslRequest('device', '/')
    const reply = await enrol('device.b64')
    expect([reply.status, reply.type]).toEqual([
      200,
      'application/pkcs7-mime; smime-type=certs-only',
    ])
    openssl.write('dac.pem', await opensslCertificates(reply.body))
    const cas = await curl('/.well-known/est/O-1/cacerts')
    openssl.write('cas.pem', await opensslCertificates(cas.body))
    openssl.write('paa.pem', pemEncode('CERTIFICATE', service.pki.paa.certificate))
    const verified = await openssl.output([
      'verify',
      '-x509_strict',
      '-CAfile',
      'paa.pem',
      '-untrusted',
      'cas.pem',
      'dac.pem',
    ])
    expect(verified).toContain('OK')
    const ofRequest = await openssl.output(['ec', '-in', 'device.key', '-pubout'])
    expect(await openssl.output(['x509', '-in', 'dac.pem', '-noout', '-pubkey'])).toBe(ofRequest)
  })

  it('get the same certificate again for the same request, and use nothing up', async () => {
    await opensslRequest('again', '/')
    const first = await enrol('again.b64')
    const before = await used()
    const second = await enrol('again.b64', '--header', 'Content-Transfer-Encoding: base64')
    expect([second.status, second.body]).toEqual([200, first.body])
    expect(await used()).toBe(before)
  })

  it('read what a request must have', async () => {
    const reply = await curl('/.well-known/est/O-1/csrattrs', ...asStation)
    expect([reply.status, reply.type]).toEqual([200, 'application/csrattrs'])
    openssl.write('attributes.der', fromBase64(reply.body.replaceAll('\n', '')))
    const parsed = await openssl.output(['asn1parse', '-inform', 'DER', '-in', 'attributes.der'])
    for (const name of ['id-ecPublicKey', 'prime256v1', 'ecdsa-with-SHA256'])
      expect(parsed).toContain(name)
  })

  it('issue over REST with the request as it is, DER', async () => {
    await opensslRequest('rest', '/')
    const unit = ['--header', 'Keyline-Unit: U-rest', '--header', 'Keyline-Serial-Number: SN-rest']
    const key = ['--header', 'Idempotency-Key: rest-1']
    const call = (): Promise<CurlReply> =>
      curl(
        '/v1/orders/O-1/dac',
        ...asStation,
        ...pkcs10,
        ...unit,
        ...key,
        '--data-binary',
        '@rest.der',
      )
    const [first, second] = [await call(), await call()]
    expect([first.status, second.status]).toEqual([201, 200])
    expect(second.body).toBe(first.body.replace('"replayed":false', '"replayed":true'))
  })

  it.each<[number, string, string, () => Promise<CurlReply>]>([
    [400, 'SERVER_BODY_INVALID', 'DER in the place of base64', () => enrol('device.der')],
    [
      400,
      'ISSUER_REQUEST_REFUSED',
      'octets that are no request',
      () => curl(enrolPath, ...asStation, ...pkcs10, '--data-binary', 'AAAA'),
    ],
    [
      401,
      'SERVER_CREDENTIALS_MISSING',
      'no certificate',
      () => curl(enrolPath, ...pkcs10, '--data-binary', '@device.b64'),
    ],
    [
      403,
      'SERVER_EST_REFUSED',
      'a key made by the server',
      () =>
        curl(
          '/.well-known/est/O-1/serverkeygen',
          ...asStation,
          ...pkcs10,
          '--data-binary',
          '@device.b64',
        ),
    ],
    [
      403,
      'SERVER_EST_REFUSED',
      'a device certificate renewed',
      () =>
        curl(
          '/.well-known/est/O-1/simplereenroll',
          ...asStation,
          ...pkcs10,
          '--data-binary',
          '@device.b64',
        ),
    ],
    [
      404,
      'ISSUER_ORDER_UNKNOWN',
      'an unknown label',
      () =>
        curl(
          '/.well-known/est/O-9/simpleenroll',
          ...asStation,
          ...pkcs10,
          '--data-binary',
          '@device.b64',
        ),
    ],
    [
      404,
      'SERVER_ROUTE_UNKNOWN',
      'full CMC',
      () =>
        curl(
          '/.well-known/est/O-1/fullcmc',
          ...asStation,
          ...pkcs10,
          '--data-binary',
          '@device.b64',
        ),
    ],
    [405, 'SERVER_METHOD', 'another method', () => curl(enrolPath, ...asStation)],
    [413, 'SERVER_BODY_TOO_LARGE', 'more than 64 KiB', () => enrol('large')],
    [
      413,
      'SERVER_BODY_TOO_LARGE',
      'more than 64 KiB that are not announced',
      () => enrol('large', '--header', 'Transfer-Encoding: chunked'),
    ],
    [
      415,
      'SERVER_MEDIA_TYPE',
      'another type',
      () =>
        curl(
          enrolPath,
          ...asStation,
          '--header',
          'Content-Type: application/octet-stream',
          '--data-binary',
          '@device.b64',
        ),
    ],
    [422, 'ISSUER_REQUEST_REFUSED', 'a key on another curve', () => enrol('p384.b64')],
    [
      431,
      'SERVER_HEADERS_TOO_MANY',
      'more than 100 headers',
      () =>
        enrol(
          'device.b64',
          ...Array.from({ length: 101 }, (_, index) => ['--header', `X-${index}: 1`]).flat(),
        ),
    ],
  ])('are told %d %s of %s', async (status, code, _, call) => {
    const reply = await call()
    const [firstLine = '', secondLine = ''] = reply.body.split('\n')
    expect([reply.status, reply.type, firstLine]).toEqual([
      status,
      'text/plain; charset=utf-8',
      code,
    ])
    expect(secondLine).toMatch(/^.+\. Remedy: .+$/)
  })

  it('are told 409 of an idempotency key that another request has used, and of an order that is closed', async () => {
    await opensslRequest('one', '/')
    await opensslRequest('two', '/')
    const key = ['--header', 'Idempotency-Key: shared'] as const
    expect((await enrol('one.b64', ...key)).status).toBe(200)
    const conflict = await enrol('two.b64', ...key)
    expect([conflict.status, conflict.body.split('\n')[0]]).toEqual([
      409,
      'ISSUER_IDEMPOTENCY_CONFLICT',
    ])

    await service.ledger.createOrder(WorkOrder.parse(exampleOrder('O-2')))
    await service.ledger.closeOrder('O-2')
    const closed = await curl(
      '/.well-known/est/O-2/simpleenroll',
      ...asStation,
      ...pkcs10,
      '--data-binary',
      '@two.b64',
    )
    expect([closed.status, closed.body.split('\n')[0]]).toEqual([409, 'ISSUER_ORDER_CLOSED'])
  })

  it('are refused below TLS 1.3', async () => {
    await expect(curl('/healthz', '--tls-max', '1.2')).rejects.toThrow(/ended with 35/)
  })
})
