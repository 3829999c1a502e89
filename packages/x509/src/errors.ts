import { KeylineError, type ErrorOptionsOf, type ErrorTable } from '@keyline/bytes'

export const x509ErrorTable = {
  DER_MALFORMED: {
    fault: 'caller',
    meaning:
      'The input is not strict DER: cut, trailing octets, a length or number not in its shortest form, or another tag than expected.',
    remedy: 'encode the value in DER (X.690 section 10) and pass exactly one value',
  },
  DER_LIMIT: {
    fault: 'caller',
    meaning: 'The input is longer or deeper nested than its kind may be.',
    remedy: 'pass a value inside the limits that the message names',
  },
  CERTIFICATE_MALFORMED: {
    fault: 'caller',
    meaning: 'Strict DER, but not the structure of a certificate (RFC 5280 section 4.1).',
    remedy: 'pass an X.509 certificate in DER',
  },
  REQUEST_MALFORMED: {
    fault: 'caller',
    meaning: 'Strict DER, but not the structure of a certification request (RFC 2986).',
    remedy: 'pass a PKCS#10 request in DER',
  },
  CRL_MALFORMED: {
    fault: 'caller',
    meaning:
      'Strict DER, but not the structure of a version 2 certificate revocation list (RFC 5280 section 5).',
    remedy: 'pass a certificate revocation list in DER, as the certificate authority publishes it',
  },
  CMS_MALFORMED: {
    fault: 'caller',
    meaning: 'Strict DER, but not the structure of CMS signed data (RFC 5652 section 5).',
    remedy: 'pass a ContentInfo with SignedData in DER',
  },
  TIME_MALFORMED: {
    fault: 'caller',
    meaning:
      'A time is not in the form that X.509 demands: UTCTime through 2049, GeneralizedTime from 2050, seconds, Z.',
    remedy: 'write the time as RFC 5280 section 4.1.2.5 says',
  },
  PEM_MALFORMED: {
    fault: 'caller',
    meaning: 'A text is not one PEM block of the expected label (RFC 7468).',
    remedy: 'pass the file with its BEGIN and END lines unchanged',
  },
  X509_VALUE: {
    fault: 'caller',
    meaning: 'A value cannot stand in a certificate, request or name.',
    remedy: 'use a value inside the range that the message names',
  },
} as const satisfies ErrorTable

export type X509ErrorCode = keyof typeof x509ErrorTable

/** Every error that a parser or builder of this package throws. */
export class X509Error extends KeylineError<X509ErrorCode> {
  constructor(code: X509ErrorCode, message: string, options?: ErrorOptionsOf) {
    super(x509ErrorTable, code, message, options)
  }
}
