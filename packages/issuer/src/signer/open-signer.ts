import type { Clock, Secret } from '@keyline/bytes'
import { IssuerError } from '../errors.ts'
import type { HeldSigner } from './held-signer.ts'
import { openPkcs11Signer } from './pkcs11-signer.ts'
import { isPkcs11Uri, parsePkcs11Uri, type Pkcs11Uri } from './pkcs11-uri.ts'
import { connectSigner, isSignerAddress } from './signer-client.ts'

export interface OpenSignerInput {
  /** `pkcs11:…` (RFC 7512), or `unix:` and the path of a signer process. */
  readonly keyUri: string
  /** Reads the PIN of a token; only asked for one. */
  readonly pin: (key: Pkcs11Uri) => Promise<Secret>
  readonly clock?: Clock | undefined
}

/**
 * Opens the holder of a key by its name: a PKCS#11 module, or a signer process.
 * @throws IssuerError `ISSUER_KEY_URI`, and those of `openPkcs11Signer` and `connectSigner`
 */
export async function openSigner(input: OpenSignerInput): Promise<HeldSigner> {
  const { keyUri, clock } = input
  if (isSignerAddress(keyUri)) return connectSigner({ address: keyUri, clock })
  if (!isPkcs11Uri(keyUri)) {
    throw new IssuerError('ISSUER_KEY_URI', 'the name of a key begins with pkcs11: or unix:')
  }
  const key = parsePkcs11Uri(keyUri)
  return openPkcs11Signer({ key, pin: await input.pin(key) })
}
