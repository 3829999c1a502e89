import { X509Certificate } from 'node:crypto'

/** A certificate as it was read once: the checker comes back to it after every run of a campaign. */
export interface ReadCertificate {
  readonly x509: X509Certificate
  readonly spki: Uint8Array
}

const mostKept = 4_096
const read = new Map<string, ReadCertificate>()
const issued = new Map<string, boolean>()

export function readCertificate(der: Uint8Array): ReadCertificate {
  return kept(read, keyOf(der), () => {
    const x509 = new X509Certificate(der)
    return { x509, spki: x509.publicKey.export({ type: 'spki', format: 'der' }) }
  })
}

/** Whether the key of the issuer has signed the certificate. */
export function isIssued(der: Uint8Array, issuer: Uint8Array): boolean {
  return kept(issued, `${keyOf(der)} ${keyOf(issuer)}`, () =>
    readCertificate(der).x509.verify(readCertificate(issuer).x509.publicKey),
  )
}

function kept<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  const known = values.get(key)
  if (known !== undefined) return known
  if (values.size >= mostKept) values.clear()
  const value = make()
  values.set(key, value)
  return value
}

/** All octets: two certificates that differ in one bit are two. */
function keyOf(der: Uint8Array): string {
  return Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64')
}
