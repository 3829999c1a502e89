import { sha256, generateP256, keyPairSigner, signP256Der, verifyP256Der } from '@keyline/crypto'
import { createDacLint } from '@keyline/issuer'
import {
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
import { makeDacs, rotation } from './device-certificates.ts'
import { rateFigure, type Benchmark } from './framework.ts'

const atMostTwice = { of: 'ratio', is: 'at most', limit: 2 } as const

/** More certificates than any memory of proven signatures holds, so that each one is proven. */
const certificateCount = 2_000

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
    const subject = input.subject
    const request = await buildRequest({ subject, keyPair: device })
    const { info: message, signature: proof } = parseRequest(request)
    const bareSign = (): unknown => signP256Der(issuer, tbs)

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
      figure: 'parse a request, import its key, verify / verify',
      work: () => isSelfSigned(parseRequest(request)),
      bare: () => verifyP256Der({ publicKey: device.publicKey, message, signature: proof.octets }),
    })

    const { pai, dacs } = await makeDacs(certificateCount)
    const { publicKey } = pai.keyPair
    const nextDac = rotation(dacs)
    const nextParsed = rotation(dacs.map(({ certificate }) => parseCertificate(certificate)))
    const bareVerify = (): unknown => {
      const { tbs: message, signature } = nextParsed()
      return verifyP256Der({ publicKey, message, signature: signature.octets })
    }
    yield rateFigure({
      figure: 'parse a certificate / SHA-256 over it',
      work: () => parseCertificate(nextDac().certificate),
      bare: () => sha256(nextDac().certificate),
    })
    yield rateFigure({
      figure: 'parse a certificate, verify its issuer / verify',
      work: () => isSignedBy(parseCertificate(nextDac().certificate), publicKey),
      bare: bareVerify,
      goal: { of: 'ratio', is: 'at most', limit: 1.25 },
    })
    const lint = createDacLint(pai.certificate)
    yield rateFigure({
      figure: 'lint of a DAC / its signature verification',
      work: () => {
        if (lint(nextDac()).length > 0) throw new Error('a good certificate has a finding')
      },
      bare: bareVerify,
      goal: { of: 'ratio', is: 'at most', limit: 1.25 },
    })
  },
}
