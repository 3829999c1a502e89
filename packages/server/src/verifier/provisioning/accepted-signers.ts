import { readKeyText } from '@keyline/eat'
import type { AcceptedSigners } from '@keyline/verifier'
import { pemDecode } from '@keyline/x509'
import { ServerError } from '../../errors.ts'
import { signerPool } from './signer-pool.ts'

/** Who may sign CoRIMs, as configured. */
export interface SignerSettings {
  /** Public keys in PEM, on P-256, P-384 or P-521. */
  readonly keys?: readonly string[] | undefined
  /** Certificates of authorities in PEM, whose signers send their certificates along. */
  readonly authorities?: readonly string[] | undefined
}

/**
 * The accepted signers; nothing when none are configured.
 * @throws ServerError `SERVER_SIGNER_KEY` for a key that is none; X509Error `PEM_MALFORMED`,
 * VerifierError `E_X509_…` for an authority that is none
 */
export function acceptedSigners({
  keys = [],
  authorities = [],
}: SignerSettings): AcceptedSigners | undefined {
  if (keys.length === 0 && authorities.length === 0) return undefined
  return {
    keys: keys.map((text, index) => {
      const key = readKeyText(text)
      if (key !== undefined) return key
      const message = `signer key ${index} is no public key on P-256, P-384 or P-521 in PEM`
      throw new ServerError('SERVER_SIGNER_KEY', message)
    }),
    ...(authorities.length > 0 && {
      certified: signerPool(authorities.map((text) => pemDecode(text, 'CERTIFICATE'))),
    }),
  }
}
