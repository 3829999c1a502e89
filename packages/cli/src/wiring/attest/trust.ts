import { decodeUtf8, isKeylineError } from '@keyline/bytes'
import type { CurvePublicKey } from '@keyline/crypto'
import { instanceIdMatches, readKeyText } from '@keyline/eat'
import {
  anchorCurves,
  MemoryTrustStore,
  type CertificateAnchor,
  type TrustAnchor,
  type TrustStore,
} from '@keyline/verifier'
import { parseCertificate, type Certificate } from '@keyline/x509'
import { CliError } from '../../errors.ts'
import { placeOf, readCertificates, readInput } from '../pki-input.ts'
import { importAnyCorim } from './corim-source.ts'
import { writtenMessage } from './evidence-input.ts'

/** What a verifier on a desk trusts, as its files say. */
export interface TrustOptions {
  /** CoRIMs, certificates of authorities, public keys of devices. */
  readonly trust: readonly string[]
  /** Public keys whose signatures under CoRIMs are accepted. */
  readonly signer?: readonly string[] | undefined
  /** Certificate of the device, that came beside its token; the leaf first. */
  readonly certificate?: string | undefined
  /** A certified device needs no registration (V20). */
  readonly acceptCertified?: boolean | undefined
  readonly isLenient?: boolean | undefined
  /** Seconds since 1970. */
  readonly time: number
}

export interface LoadedTrust {
  readonly store: TrustStore
  /** One line for each file. */
  readonly sources: readonly string[]
}

/** Loads everything that is trusted. @throws CliError; EatError and VerifierError of a CoRIM, with the file */
export async function loadTrust(options: TrustOptions): Promise<LoadedTrust> {
  const { trust, acceptCertified: acceptUnregistered, time, isLenient } = options
  const signers = await Promise.all((options.signer ?? []).map(readPublicKey))
  const read = await Promise.all(trust.map(readTrusted))
  const anchors = read.flatMap((one): readonly CertificateAnchor[] =>
    one.kind === 'authority'
      ? one.certificates.map((certificate) => ({ certificate, acceptUnregistered }))
      : [],
  )
  const keys = read.flatMap((one) => (one.kind === 'key' ? [one.key] : []))
  const store = new MemoryTrustStore({ anchors })
  const sources: string[] = []
  for (const one of read) {
    if (one.kind === 'corim') {
      const report = await importAnyCorim(one.octets, one.place, store, {
        time,
        signers,
        isLenient,
      })
      const { trustAnchors, referenceValues } = report
      sources.push(
        `${one.place}: CoRIM, devices ${trustAnchors.added}, reference values ${referenceValues.added}`,
      )
    } else
      sources.push(`${one.place}: ${one.kind === 'key' ? 'public key of the device' : 'authority'}`)
  }
  const chain = options.certificate === undefined ? undefined : await readChain(options.certificate)
  return { store: new DeskTrust(store, keys, chain), sources }
}

/** A public key in PEM, or base64 of its DER. @throws CliError `CLI_FILE`, `CLI_INPUT` */
export async function readPublicKey(path: string): Promise<CurvePublicKey> {
  const key = publicKeyIn(await readInput(path, 'key'))
  if (key !== undefined) return key
  throw new CliError(
    'CLI_INPUT',
    `${placeOf(path)} holds no public key on P-256, P-384 or P-521 in PEM`,
  )
}

type Trusted = { readonly place: string } & (
  | { readonly kind: 'corim'; readonly octets: Uint8Array }
  | { readonly kind: 'authority'; readonly certificates: readonly Certificate[] }
  | { readonly kind: 'key'; readonly key: CurvePublicKey }
)

async function readTrusted(path: string): Promise<Trusted> {
  const octets = await readInput(path, 'attestation')
  const place = placeOf(path)
  const key = publicKeyIn(octets)
  if (key !== undefined) return { place, kind: 'key', key }
  if (octets[0] === 0x30 || isPem(octets, 'CERTIFICATE')) {
    const certificates = (await readCertificates(path)).map((one) =>
      certificateOf(one.octets, place),
    )
    return { place, kind: 'authority', certificates }
  }
  const message = writtenMessage(octets, place)
  if ('octets' in message) return { place, kind: 'corim', octets: message.octets }
  throw new CliError('CLI_INPUT', `${place} is neither a CoRIM, a certificate nor a public key`)
}

async function readChain(path: string): Promise<readonly Uint8Array[]> {
  return (await readCertificates(path)).map(({ octets }) => octets)
}

function certificateOf(der: Uint8Array, place: string): Certificate {
  try {
    return parseCertificate(der)
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new CliError('CLI_INPUT', `${place}: ${cause.message}`, { cause })
  }
}

function publicKeyIn(octets: Uint8Array): CurvePublicKey | undefined {
  if (octets.length > 4096 || !isPem(octets, 'PUBLIC KEY')) return undefined
  return readKeyText(decodeUtf8(octets))
}

function isPem(octets: Uint8Array, label: string): boolean {
  // A CoRIM is octets, and has keys in PEM inside.
  if ((octets[0] ?? 0) >= 0x80) return false
  const start = String.fromCharCode(...octets.subarray(0, 4096))
  return start.includes(`-----BEGIN ${label}-----`)
}

/** Trust of files: the store of the CoRIMs, and keys that are those of the device whatever it is called. */
class DeskTrust implements TrustStore {
  readonly #store: MemoryTrustStore
  readonly #keys: readonly CurvePublicKey[]
  readonly #chain: readonly Uint8Array[] | undefined

  constructor(
    store: MemoryTrustStore,
    keys: readonly CurvePublicKey[],
    chain: readonly Uint8Array[] | undefined,
  ) {
    this.#store = store
    this.#keys = keys
    this.#chain = chain
  }

  findAnchor(implementationId: Uint8Array, instanceId: Uint8Array): TrustAnchor | undefined {
    const anchor = this.#store.findAnchor(implementationId, instanceId)
    if (anchor !== undefined) return anchor
    // Of several keys the one that the instance id is derived from; a single one is that of the device by the word of the caller.
    const key = this.#keys.find((one) => instanceIdMatches(instanceId, one).length > 0)
    const chosen = key ?? (this.#keys.length === 1 ? this.#keys[0] : undefined)
    const curve = anchorCurves.find((name) => name === chosen?.curve)
    if (chosen === undefined || curve === undefined) return undefined
    return {
      implementationId,
      instanceId,
      key: { type: 'ec', curve, point: chosen.octets },
      state: 'active',
      source: 'a public key that was named',
    }
  }

  referencesOf(implementationId: Uint8Array) {
    return this.#store.referencesOf(implementationId)
  }

  certificationsOf(implementationId: Uint8Array) {
    return this.#store.certificationsOf(implementationId)
  }

  findCertificates(): readonly Uint8Array[] | undefined {
    return this.#chain
  }

  certificateTrust() {
    return this.#store.certificateTrust()
  }
}
