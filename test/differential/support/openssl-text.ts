import { Oid, type KeyUsage } from '@keyline/x509'
import {
  absent,
  constraintsText,
  criticalText,
  numberText,
  type NameText,
} from './certificate-fields.ts'
import type { Fields } from './fields.ts'

/** Certificates in the text that `openssl storeutl -certs -text` prints of a bundle, in their order. */
export function readCertificateTexts(printed: string): readonly Fields[] {
  const [, ...texts] = printed.split(/^\d+: Certificate$/m)
  return texts.map(readCertificateText)
}

function readCertificateText(text: string): Fields {
  const found = (pattern: RegExp): string => pattern.exec(text)?.[1]?.trim() ?? 'not printed'
  const extension = (title: string, read: (line: string) => string): string => {
    const match = new RegExp(`X509v3 ${title}: (critical)?\\n *(.*)\\n`).exec(text)
    if (match === null) return absent
    return criticalText(match[1] !== undefined, read(match[2]?.trim() ?? ''))
  }
  const serial = /Serial Number:(?: \d+ \(0x([0-9a-f]+)\)|\n +([0-9a-f:]+))/.exec(text)
  return {
    version: found(/Version: (\d+) /),
    serialNumber: numberText((serial?.[1] ?? serial?.[2] ?? '').replaceAll(':', '')),
    issuer: found(/Issuer: ?(.*)/),
    subject: found(/Subject: ?(.*)/),
    notBefore: timeText(found(/Not Before: (.*)/)),
    notAfter: timeText(found(/Not After : (.*)/)),
    publicKey: found(/pub:\n([0-9a-f:\s]+?)\n +ASN1 OID: prime256v1/).replaceAll(/[:\s]/g, ''),
    basicConstraints: extension('Basic Constraints', readConstraints),
    keyUsage: extension('Key Usage', (line) =>
      line
        .split(', ')
        .map((word) => usageOfWord.get(word) ?? word)
        .join(' '),
    ),
    subjectKeyIdentifier: extension('Subject Key Identifier', keyId),
    authorityKeyIdentifier: extension('Authority Key Identifier', keyId),
  }
}

/** A name in the oldest of the texts that openssl has for it, the one of `-text` without a name option. */
export function opensslName(attributes: readonly NameText[]): string {
  const shown = attributes.map(({ type, text }) => {
    const short = shortNames.get(type)
    const octets = Array.from(Buffer.from(text.replaceAll(/[+/]/g, String.raw`\$&`)), (octet) =>
      octet < 0x80 ? String.fromCharCode(octet) : `\\x${octet.toString(16).toUpperCase()}`,
    )
    return `${short === undefined ? '/' : ', '}${short ?? type}=${octets.join('')}`
  })
  return shown
    .join('')
    .replace(/^(, |\/)/, '')
    .trim()
}

/** Types whose short names have one or two letters: a comma stands in front of them, a slash of all others. */
const shortNames: ReadonlyMap<string, string> = new Map([
  [Oid.commonName, 'CN'],
  [Oid.organization, 'O'],
  [Oid.organizationalUnit, 'OU'],
  [Oid.country, 'C'],
])

const usageOfWord: ReadonlyMap<string, KeyUsage> = new Map([
  ['Digital Signature', 'digitalSignature'],
  ['Non Repudiation', 'nonRepudiation'],
  ['Key Encipherment', 'keyEncipherment'],
  ['Data Encipherment', 'dataEncipherment'],
  ['Key Agreement', 'keyAgreement'],
  ['Certificate Sign', 'keyCertSign'],
  ['CRL Sign', 'cRLSign'],
  ['Encipher Only', 'encipherOnly'],
  ['Decipher Only', 'decipherOnly'],
])

function readConstraints(line: string): string {
  const [, ca, pathLength] = /^CA:(TRUE|FALSE)(?:, pathlen:(\d+))?$/.exec(line) ?? []
  return ca === undefined
    ? line
    : constraintsText(ca === 'TRUE', pathLength === undefined ? undefined : Number(pathLength))
}

function keyId(line: string): string {
  return line.replaceAll(':', '').toLowerCase()
}

function timeText(text: string): string {
  const time = new Date(text)
  return Number.isNaN(time.getTime()) ? text : time.toISOString()
}
