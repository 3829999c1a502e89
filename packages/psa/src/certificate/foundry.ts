import { encodeUtf8 } from '@keyline/bytes'
import {
  deterministicNonces,
  hkdfSha256,
  p256PublicKey,
  publicKeyOf,
  sha256,
  signDigest,
} from '@keyline/crypto'
import {
  assembleCertificate,
  basicConstraints,
  buildTbsCertificate,
  derInteger,
  derSequence,
  name,
  Oid,
} from '@keyline/x509'
import { ChipSecrets, type DuaKeyName } from '../ccb/index.ts'
import { uncompressed } from '../ccb/point.ts'
import { templateOf } from './rebuild.ts'
import { packLength, writeParts, type CertificateKindName } from './system-flash.ts'

/** An authority of our own in the place of one of ST's (decision D20). Nobody must trust it outside a simulation. */
export interface SimulatedAuthority {
  readonly simulated: true
  /** `ST CA 01 for STM32 User`, as the real one calls itself. */
  readonly name: string
  /** DER, self-signed. */
  readonly certificate: Uint8Array<ArrayBuffer>
}

/** A simulated chip as it leaves its foundry. */
export interface SimulatedChip {
  readonly secrets: ChipSecrets
  /** 96 bits. */
  readonly uid: Uint8Array<ArrayBuffer>
  /** The packs of certificate parts in system flash. */
  readonly pack1: Uint8Array<ArrayBuffer>
  readonly pack2: Uint8Array<ArrayBuffer>
}

export interface ChipOrder {
  /** 32 octets, unique to the chip: all else follows from it. */
  readonly rootSecret: Uint8Array
  /** Device keys that the chip gets, both unless given. */
  readonly deviceKeys?: readonly DuaKeyName[] | undefined
  /** Years since 2000 in the certificates: 24 unless given. */
  readonly year?: number | undefined
}

const kinds = {
  FU: { certificate: 'u3-user-fu', authority: 0x01 },
  LU: { certificate: 'u3-user-lu', authority: 0x02 },
} as const satisfies Readonly<
  Record<DuaKeyName, { readonly certificate: CertificateKindName; readonly authority: number }>
>

/** Certificate of each device key in system flash. */
export const duaCertificateKinds: Readonly<Record<DuaKeyName, CertificateKindName>> = {
  FU: kinds.FU.certificate,
  LU: kinds.LU.certificate,
}

const defaultYear = 24

/** Makes a simulated STM32U3: the same root secret gives the same chip. @throws PsaError `PSA_PARAMETER` */
export function manufactureChip(order: ChipOrder): SimulatedChip {
  const { rootSecret, deviceKeys = ['FU', 'LU'], year = defaultYear } = order
  const secrets = new ChipSecrets({ rootSecret, deviceKeys })
  const pack2 = new Uint8Array(packLength).fill(0xff)
  for (const keyName of deviceKeys) {
    const publicKey = secrets.devicePublicKey(keyName)
    if (publicKey === undefined) continue
    const { certificate, authority } = kinds[keyName]
    const serial = derived(rootSecret, `sim-serial/1 ${keyName}`, 10)
    serial.set([authority, year])
    const template = templateOf({ publicKey, serial }, certificate)
    const signature = signAs(keyName, template)
    writeParts(pack2, certificate, { publicKey, signature, serial })
  }
  return {
    secrets,
    uid: derived(rootSecret, 'sim-uid/1', 12),
    pack1: new Uint8Array(packLength).fill(0xff),
    pack2,
  }
}

/** The authority that certifies a device key of simulated chips. */
export function simulatedAuthority(keyName: DuaKeyName): SimulatedAuthority {
  const { authority } = kinds[keyName]
  const authorityName = `ST CA ${String(authority).padStart(2, '0')} for STM32 User`
  const subject = name([
    { type: Oid.country, value: 'NL', printable: true },
    { type: Oid.organization, value: 'STMicroelectronics nv' },
    { type: Oid.commonName, value: authorityName },
  ])
  const tbs = buildTbsCertificate({
    serialNumber: Uint8Array.of(authority, ...encodeUtf8('SIM')),
    issuer: subject,
    subject,
    notBefore: new Date('2024-01-01T00:00:00Z'),
    notAfter: new Date('2054-01-01T00:00:00Z'),
    publicKey: p256PublicKey(uncompressed(publicKeyOf('P-256', authorityKey(keyName)))),
    extensions: [basicConstraints({ ca: true })],
  })
  const signature = signAs(keyName, tbs)
  const pair = derSequence(
    derInteger(signature.subarray(0, 32)),
    derInteger(signature.subarray(32)),
  )
  return { simulated: true, name: authorityName, certificate: assembleCertificate(tbs, pair) }
}

/** r ‖ s of the authority; the same octets give the same signature. */
function signAs(keyName: DuaKeyName, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return signDigest({
    curve: 'P-256',
    privateKey: authorityKey(keyName),
    digest: sha256(message),
    nonces: deterministicNonces('SHA-256'),
  })
}

/** No secret: every simulation must reach the same authorities. */
function authorityKey(keyName: DuaKeyName): Uint8Array {
  return sha256(encodeUtf8(`keyline simulated authority ${keyName}`))
}

function derived(rootSecret: Uint8Array, info: string, length: number): Uint8Array<ArrayBuffer> {
  const salt = encodeUtf8('sim-foundry/1')
  return hkdfSha256({ secret: rootSecret, salt, info: encodeUtf8(info), length })
}
