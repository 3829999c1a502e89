import { fromBase64, toBase64 } from '@keyline/bytes'
import { generateP256, keyPairSigner, p256ToPkcs8, type P256KeyPair } from '@keyline/crypto'
import { buildRequest, name, Oid, parseCertsOnly, pemEncode } from '@keyline/x509'
import type { Credentials } from './call.ts'

/** PKCS#10 DER; the subject is empty without a name. */
export function requestOf(
  keyPair: P256KeyPair = generateP256(),
  commonName?: string,
): Promise<Uint8Array> {
  const attributes = commonName === undefined ? [] : [{ type: Oid.commonName, value: commonName }]
  return buildRequest({ subject: name(attributes), signer: keyPairSigner(keyPair) })
}

/** The one certificate of an EST answer. */
export function certificateOf(text: string): Uint8Array {
  const [only] = parseCertsOnly(fromBase64(text.replaceAll('\n', '')))
  if (only === undefined) throw new Error('the answer holds no certificate')
  return only.der
}

export function credentialsOf(keyPair: P256KeyPair, certificate: Uint8Array): Credentials {
  using key = p256ToPkcs8(keyPair)
  return {
    cert: pemEncode('CERTIFICATE', certificate),
    key: pemEncode('PRIVATE KEY', key.reveal()),
  }
}

export function basic(user: string, password: string): string {
  return `Basic ${toBase64(new TextEncoder().encode(`${user}:${password}`))}`
}
