import { sha256, generateP256, keyPairSigner, signP256Der, verifyP256Der } from '@keyline/crypto'
import {
  assembleCertificate,
  basicConstraints,
  buildCertificate,
  buildRequest,
  buildTbsCertificate,
  isSelfSigned,
  isSignedBy,
  keyUsage,
  name,
  Oid,
  parseCertificate,
  parseRequest,
  type CertificateInput,
} from '@keyline/x509'
import { rateFigure, type Benchmark } from './framework.ts'

const atMostTwice = { of: 'ratio', is: 'at most', limit: 2 } as const

/** Certificates and requests, each against the signature that it needs anyway. */
export const x509Benchmark: Benchmark = {
  name: 'x509',
  title: 'certificates and requests against their bare signature',
  async *measure() {
    const issuer = generateP256()
    const device = generateP256()
    const input: CertificateInput = {
      serialNumber: Uint8Array.of(0x51, 2, 3, 4, 5, 6, 7, 8),
      issuer: name([{ type: Oid.commonName, value: 'Bench PAI' }]),
      subject: name([{ type: Oid.commonName, value: 'Bench DAC 0001' }]),
      notBefore: new Date(Date.UTC(2026, 0, 1)),
      notAfter: new Date(Date.UTC(2046, 0, 1)),
      publicKey: device.publicKey,
      extensions: [basicConstraints({ ca: false }), keyUsage(['digitalSignature'])],
      signer: keyPairSigner(issuer),
    }
    const tbs = buildTbsCertificate(input)
    const signature = signP256Der(issuer, tbs)
    const certificate = assembleCertificate(tbs, signature)
    const subject = input.subject
    const request = await buildRequest({ subject, keyPair: device })

    const bareSign = (): unknown => signP256Der(issuer, tbs)
    const bareVerify = (): unknown =>
      verifyP256Der({ publicKey: issuer.publicKey, message: tbs, signature })

    yield rateFigure({
      figure: 'issue a certificate / sign',
      work: () => buildCertificate(input),
      bare: bareSign,
      goal: atMostTwice,
    })
    yield rateFigure({
      figure: 'make a request / sign',
      work: () => buildRequest({ subject, keyPair: device }),
      bare: bareSign,
      goal: atMostTwice,
    })
    yield rateFigure({
      figure: 'parse a certificate, verify its issuer / verify',
      work: () => isSignedBy(parseCertificate(certificate), issuer.publicKey),
      bare: bareVerify,
      goal: atMostTwice,
    })
    yield rateFigure({
      figure: 'parse a request, import its key, verify / verify',
      work: () => isSelfSigned(parseRequest(request)),
      bare: bareVerify,
    })
    yield rateFigure({
      figure: 'parse a certificate / SHA-256 over it',
      work: () => parseCertificate(certificate),
      bare: () => sha256(certificate),
    })
  },
}
