import { toHex } from '@keyline/bytes'
import {
  extensionOf,
  Oid,
  parseCertificate,
  readAuthorityKeyIdentifier,
  readSubjectKeyIdentifier,
  type Certificate,
} from '@keyline/x509'
import type { VectorFile } from './case.ts'
import { casesOf } from './vector-reader.ts'

/** Certificates of a file of chain vectors by their ids; the file itself, or one that stands beside it. */
export async function certificatesOf(
  file: VectorFile,
  path: string,
): Promise<ReadonlyMap<string, Certificate>> {
  const json = file.path === path ? file.json : await jsonBeside(file, path)
  return new Map(
    casesOf({ path, json }).map((vector) => [vector.id, parseCertificate(vector.octets('der'))]),
  )
}

/** Content of a file that stands beside another one. */
export function jsonBeside(file: VectorFile, path: string): Promise<unknown> {
  if (file.beside === undefined) throw new TypeError(`${file.path} needs ${path} beside it`)
  return file.beside(path)
}

/** Members of a certificate as the vectors write them. */
export function describeCertificate(certificate: Certificate): Readonly<Record<string, unknown>> {
  const { notAfter, notBefore, publicPoint } = certificate
  return {
    notBefore: timeText(notBefore),
    notAfter: timeText(notAfter),
    skid: keyIdText(certificate, Oid.subjectKeyIdentifier, readSubjectKeyIdentifier),
    akid: keyIdText(certificate, Oid.authorityKeyIdentifier, readAuthorityKeyIdentifier),
    publicKey: publicPoint === undefined ? null : toHex(publicPoint),
  }
}

function keyIdText(
  certificate: Certificate,
  oid: string,
  read: (value: Uint8Array) => Uint8Array | undefined,
): string | null {
  const extension = extensionOf(certificate, oid)
  const keyId = extension === undefined ? undefined : read(extension.value)
  return keyId === undefined ? null : toHex(keyId)
}

function timeText(time: Readonly<Date>): string {
  return time.toISOString().replace('.000Z', 'Z')
}
