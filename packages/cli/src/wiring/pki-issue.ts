import { systemRandom, toHex, type Finding } from '@keyline/bytes'
import { sha256 } from '@keyline/crypto'
import {
  checkRequest,
  drawSerialNumber,
  issueDac,
  lintPaa,
  lintPai,
  readPai,
  requestRules,
  type SubjectEncoding,
} from '@keyline/issuer'
import { parseCertificate, pemEncode } from '@keyline/x509'
import { IssuedFolder } from './pki-issued.ts'
import type { LinePki } from './pki.ts'

export interface BenchIssueInput {
  /** PKCS#10 DER. */
  readonly csr: Uint8Array
  readonly pki: LinePki
  readonly pkiFolder: string
  /** Those of the PAI unless given. */
  readonly vendorId?: number | undefined
  readonly productId?: number | undefined
  readonly commonName: string
  readonly subjectEncoding: SubjectEncoding
  /** The end of the PAI unless given. */
  readonly notAfter?: Readonly<Date> | undefined
  readonly now: Readonly<Date>
  /** Asked beside the folder's own record, such as a ledger. */
  readonly isKeyKnown: (spkiSha256: string) => Promise<boolean>
}

export type BenchIssueResult =
  | {
      readonly ok: true
      readonly certificate: Uint8Array
      readonly serialNumber: Uint8Array
      readonly spkiSha256: string
      /** The file that keeps the certificate in the PKI folder. */
      readonly kept: string
    }
  | { readonly ok: false; readonly findings: readonly Finding[] }

/**
 * One certificate from a PKI folder, without an order: PAI and PAA are linted, the request is checked (CSR-…), the
 * certificate is built and linted (ISS-…), kept in the folder, and only then given. A key gets one certificate.
 * @throws CliError `CLI_FILE`, IssuerError `ISSUER_PAI_UNUSABLE`
 */
export async function issueFromFolder(input: BenchIssueInput): Promise<BenchIssueResult> {
  const { csr, now, pki } = input
  const ofAuthorities = [
    ...lintPaa(pki.paa),
    ...lintPai({ certificate: pki.pai, paa: pki.paa }),
  ].filter(({ severity }) => severity === 'error')
  if (ofAuthorities.length > 0) return { ok: false, findings: ofAuthorities }
  const pai = readPai(pki.pai)
  const vendorId = input.vendorId ?? pai.vendorId ?? 0
  const productId = input.productId ?? pai.productId ?? 0
  const issued = new IssuedFolder(input.pkiFolder)
  const authorityKeys = new Set([pai.spkiSha256, toHex(sha256(parseCertificate(pki.paa).spki.der))])
  const request = await checkRequest(csr, {
    vendorId,
    productId,
    policy: 'test',
    isKeyKnown: async (hash) =>
      authorityKeys.has(hash) || (await issued.has(hash)) || (await input.isKeyKnown(hash)),
  })
  if (!request.ok) {
    const { finding } = request
    const isOurs = finding.rule === 'CSR-07' && (await issued.has(finding.value))
    const message = `it has a certificate already, kept as ${issued.pathOf(finding.value)}`
    return { ok: false, findings: [isOurs ? { ...finding, message } : finding] }
  }
  const { publicKey, spkiSha256 } = request
  const serialNumber = drawSerialNumber(systemRandom)
  const result = await issueDac({
    pai,
    signer: pki.signer,
    publicKey,
    serialNumber,
    commonName: input.commonName,
    vendorId,
    productId,
    subjectEncoding: input.subjectEncoding,
    notBefore: new Date(Math.floor(now.getTime() / 1000) * 1000),
    notAfter: input.notAfter ?? pai.certificate.notAfter,
    now,
  })
  if (!result.ok) return { ok: false, findings: [...result.findings, ...result.lintFindings] }
  const { certificate } = result
  if (!(await issued.keep(spkiSha256, pemEncode('CERTIFICATE', certificate)))) {
    return { ok: false, findings: [keyTaken(spkiSha256)] }
  }
  return { ok: true, certificate, serialNumber, spkiSha256, kept: issued.pathOf(spkiSha256) }
}

function keyTaken(spkiSha256: string): Finding {
  const { severity, remedy } = requestRules['CSR-07']
  const message = 'another call has issued a certificate for it in this moment'
  return { rule: 'CSR-07', severity, field: 'public key', value: spkiSha256, message, remedy }
}
