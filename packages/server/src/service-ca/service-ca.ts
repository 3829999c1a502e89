import { isKeylineError, Secret, toHex, type Random } from '@keyline/bytes'
import {
  generateP256,
  keyPairSigner,
  p256FromEncoded,
  p256ToPkcs8,
  sha256,
  type P256KeyPair,
} from '@keyline/crypto'
import { drawSerialNumber } from '@keyline/issuer'
import {
  authorityKeyIdentifier,
  basicConstraints,
  buildCertificate,
  derOctetString,
  DerReader,
  derSequence,
  keyIdentifier,
  keyUsage,
  name,
  Oid,
  parseCertificate,
  subjectKeyIdentifier,
} from '@keyline/x509'
import { ServerError } from '../errors.ts'

/** The CA of the service: it names the servers and the members, and no device. */
export interface ServiceCa {
  /** X.509 DER. */
  readonly certificate: Uint8Array
  readonly keyPair: P256KeyPair
}

/** Where the servers of one ledger keep what they share, sealed. */
export interface SettingStore {
  setting(name: string): Promise<Secret | undefined>
  setSetting(name: string, value: Secret): Promise<void>
}

const settingName = 'service-ca'
const yearsOfLife = 10

/** A new CA. Its key exists in this process alone until it is stored. */
export async function createServiceCa(input: {
  readonly notBefore: Readonly<Date>
  readonly random: Random
}): Promise<ServiceCa> {
  const keyPair = generateP256()
  const keyId = keyIdentifier(keyPair.publicKey.point)
  const subject = name([
    { type: Oid.commonName, value: `Keyline service CA ${toHex(sha256(keyId)).slice(0, 8)}` },
  ])
  const notAfter = new Date(input.notBefore)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + yearsOfLife)
  const certificate = await buildCertificate({
    serialNumber: drawSerialNumber(input.random),
    issuer: subject,
    subject,
    notBefore: input.notBefore,
    notAfter,
    publicKey: keyPair.publicKey,
    extensions: [
      basicConstraints({ ca: true, pathLength: 0 }),
      keyUsage(['keyCertSign', 'cRLSign']),
      subjectKeyIdentifier(keyId),
      authorityKeyIdentifier(keyId),
    ],
    signer: keyPairSigner(keyPair),
  })
  return { certificate, keyPair }
}

/** Seals the CA in the ledger, where every server of it finds it. @throws ServerError `SERVER_SERVICE_CA_EXISTS` */
export async function storeServiceCa(store: SettingStore, ca: ServiceCa): Promise<void> {
  if ((await store.setting(settingName)) !== undefined) {
    throw new ServerError('SERVER_SERVICE_CA_EXISTS', 'the ledger holds a service CA')
  }
  using key = p256ToPkcs8(ca.keyPair)
  using value = new Secret(
    derSequence(derOctetString(ca.certificate), derOctetString(key.reveal())),
  )
  await store.setSetting(settingName, value)
}

/** @throws ServerError `SERVER_SERVICE_CA_MISSING` */
export async function loadServiceCa(store: SettingStore): Promise<ServiceCa> {
  using value = await store.setting(settingName)
  if (value === undefined) {
    throw new ServerError('SERVER_SERVICE_CA_MISSING', 'the ledger holds no service CA')
  }
  try {
    const members = new DerReader(value.reveal()).sequence('service CA')
    const certificate = Uint8Array.from(members.octetString('certificate'))
    const keyPair = p256FromEncoded({ octets: members.octetString('key') })
    members.end('service CA')
    parseCertificate(certificate)
    return { certificate, keyPair }
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new ServerError('SERVER_SERVICE_CA_MISSING', 'the service CA cannot be read', { cause })
  }
}
