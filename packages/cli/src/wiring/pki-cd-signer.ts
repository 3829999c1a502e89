import { join } from 'node:path'
import { systemRandom, type Secret } from '@keyline/bytes'
import { generateP256, keyPairSigner, type Signer } from '@keyline/crypto'
import { drawSerialNumber } from '@keyline/issuer'
import { declarationSigner, type DeclarationSigner } from '@keyline/matter'
import {
  authorityKeyIdentifier,
  basicConstraints,
  buildCertificate,
  encryptPkcs8,
  keyIdentifier,
  keyUsage,
  name,
  noExpiry,
  Oid,
  pemEncode,
  subjectKeyIdentifier,
} from '@keyline/x509'
import { writeWhole } from './pki-output.ts'

/** A signer of declarations with its key. */
export interface OpenCdSigner {
  readonly identity: DeclarationSigner
  readonly signer: Signer
}

/** Names of the files that a new signer gets. */
const certificateFile = 'cd-signer.cert.pem'
const keyFile = 'cd-signer.key.pem'

/**
 * Makes a signer of declarations for tests, self-signed, its key encrypted. No commissioner believes it unless it is told to.
 * @throws CliError `CLI_EXISTS` when the folder has one
 */
export async function makeCdSigner(
  folder: string,
  passphrase: Secret,
): Promise<OpenCdSigner & { readonly files: readonly string[] }> {
  const pair = generateP256()
  const signer = keyPairSigner(pair)
  const subject = name([{ type: Oid.commonName, value: 'Keyline test signer of declarations' }])
  const keyId = keyIdentifier(pair.publicKey.point)
  const certificate = await buildCertificate({
    serialNumber: drawSerialNumber(systemRandom),
    issuer: subject,
    subject,
    notBefore: new Date(Math.floor(Date.now() / 1000) * 1000),
    notAfter: noExpiry,
    publicKey: pair.publicKey,
    extensions: [
      basicConstraints({ ca: true, pathLength: 1 }),
      keyUsage(['keyCertSign', 'cRLSign']),
      subjectKeyIdentifier(keyId),
      authorityKeyIdentifier(keyId),
    ],
    signer,
  })
  const files = [join(folder, keyFile), join(folder, certificateFile)] as const
  const [keyPath, certificatePath] = files
  await writeWhole({
    path: keyPath,
    content: await encryptPkcs8(pair, passphrase, { random: systemRandom }),
    isSecret: true,
  })
  await writeWhole({ path: certificatePath, content: pemEncode('CERTIFICATE', certificate) })
  return { identity: declarationSigner(certificate, 'test', certificatePath), signer, files }
}
