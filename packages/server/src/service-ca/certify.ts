import { encodeUtf8, Secret, toHex, type Clock, type Random } from '@keyline/bytes'
import {
  generateP256,
  keyPairSigner,
  p256ToPkcs8,
  sha256,
  type P256PublicKey,
} from '@keyline/crypto'
import { drawSerialNumber } from '@keyline/issuer'
import {
  authorityKeyIdentifier,
  basicConstraints,
  buildCertificate,
  derOid,
  derSequence,
  derTaggedPrimitive,
  keyIdentifier,
  keyUsage,
  name,
  Oid,
  parseCertificate,
  pemEncode,
  subjectKeyIdentifier,
  type Extension,
} from '@keyline/x509'
import { isIPv4, isIPv6 } from 'node:net'
import type { TlsIdentity } from '../transport/tls.ts'
import type { MemberCertificate } from '../identity/member.ts'
import type { ServiceCa } from './service-ca.ts'

const dayMs = 86_400_000

/** Life of a certificate of the service. Source: security, section 3. */
export const serviceCertificateLifeMs = 90 * dayMs

/** How far the clock of whoever checks a new certificate may be behind. */
const clockToleranceMs = 5 * 60_000

const Eku = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const

export interface CertifyOptions {
  readonly ca: ServiceCa
  readonly clock: Clock
  readonly random: Random
}

/** A certificate of a member with the entry that must be recorded before it leaves. */
export interface CertifiedMember {
  /** X.509 DER. */
  readonly certificate: Uint8Array
  readonly entry: MemberCertificate
}

/** A client certificate: common name the member's, for client authentication, 90 days. */
export async function certifyMember(
  options: CertifyOptions,
  member: {
    readonly name: string
    readonly publicKey: P256PublicKey
    readonly spkiSha256: string
  },
): Promise<CertifiedMember> {
  const { certificate, notAfter } = await certify(options, {
    commonName: member.name,
    publicKey: member.publicKey,
    extensions: [extendedKeyUsage(Eku.clientAuth)],
  })
  const entry = {
    name: member.name,
    certificateSha256: toHex(sha256(certificate)),
    spkiSha256: member.spkiSha256,
    notAfter,
  }
  return { certificate, entry }
}

/**
 * A key and a certificate for this process: they are made at the start and never stored.
 * @param hostNames DNS names and IP addresses under which stations reach the server, at least one
 */
export async function certifyServer(
  options: CertifyOptions,
  hostNames: readonly string[],
): Promise<TlsIdentity & { readonly notAfter: number }> {
  const keyPair = generateP256()
  const { certificate, notAfter } = await certify(options, {
    commonName: hostNames[0] ?? 'keyline',
    publicKey: keyPair.publicKey,
    extensions: [extendedKeyUsage(Eku.serverAuth), subjectAltName(hostNames)],
  })
  using pkcs8 = p256ToPkcs8(keyPair)
  const key = new Secret(encodeUtf8(pemEncode('PRIVATE KEY', pkcs8.reveal())))
  return { certificate, key, clientCa: options.ca.certificate, notAfter }
}

async function certify(
  { ca, clock, random }: CertifyOptions,
  input: {
    readonly commonName: string
    readonly publicKey: P256PublicKey
    readonly extensions: readonly Extension[]
  },
): Promise<{ readonly certificate: Uint8Array; readonly notAfter: number }> {
  const issuer = parseCertificate(ca.certificate)
  const now = Math.floor(clock.now() / 1000) * 1000
  const notBefore = Math.max(now - clockToleranceMs, issuer.notBefore.getTime())
  const notAfter = Math.min(notBefore + serviceCertificateLifeMs, issuer.notAfter.getTime())
  const certificate = await buildCertificate({
    serialNumber: drawSerialNumber(random),
    issuer: issuer.subject,
    subject: name([{ type: Oid.commonName, value: input.commonName }]),
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: input.publicKey,
    extensions: [
      basicConstraints({ ca: false }),
      keyUsage(['digitalSignature']),
      ...input.extensions,
      subjectKeyIdentifier(keyIdentifier(input.publicKey.point)),
      authorityKeyIdentifier(keyIdentifier(ca.keyPair.publicKey.point)),
    ],
    signer: keyPairSigner(ca.keyPair),
  })
  return { certificate, notAfter }
}

function extendedKeyUsage(purpose: string): Extension {
  return { oid: Oid.extendedKeyUsage, critical: false, value: derSequence(derOid(purpose)) }
}

/** Names as dNSName, addresses as iPAddress (RFC 5280 section 4.2.1.6). */
function subjectAltName(hostNames: readonly string[]): Extension {
  const names = hostNames.map((host) => {
    if (isIPv4(host)) return derTaggedPrimitive(7, Uint8Array.from(host.split('.').map(Number)))
    if (isIPv6(host)) return derTaggedPrimitive(7, ipv6Octets(host))
    return derTaggedPrimitive(2, encodeUtf8(host))
  })
  return { oid: Oid.subjectAltName, critical: false, value: derSequence(...names) }
}

/** 16 octets of an address that is known to be well formed. */
function ipv6Octets(host: string): Uint8Array {
  // The URL parser brings every spelling to hexadecimal groups with at most one gap.
  const text = new URL(`http://[${host}]`).hostname.slice(1, -1)
  const [before = '', after] = text.split('::')
  const head = groupsOf(before)
  const tail = groupsOf(after ?? '')
  const gap = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  const groups = [...head, ...gap, ...tail].map((group) => Number.parseInt(group, 16))
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

function groupsOf(part: string): readonly string[] {
  return part === '' ? [] : part.split(':')
}
