import { keyPairSigner, p256Spki, type P256KeyPair, type Signer } from '@keyline/crypto'
import { derBitString, derInteger, derSequence, derTagged } from '../der/writer.ts'
import { ecdsaWithSha256Der } from '../key/algorithm.ts'

/** The key that asks: a pair in this process, or a signer that holds it. */
export type RequestInput =
  | { readonly subject: Uint8Array; readonly keyPair: P256KeyPair }
  | { readonly subject: Uint8Array; readonly signer: Signer }

/** DER of a request without attributes. */
export async function buildRequest(input: RequestInput): Promise<Uint8Array<ArrayBuffer>> {
  const signer = 'signer' in input ? input.signer : keyPairSigner(input.keyPair)
  const spki = p256Spki(signer.publicKey.point)
  const info = derSequence(derInteger(0), input.subject, spki, derTagged(0))
  return derSequence(info, ecdsaWithSha256Der, derBitString(await signer.sign(info)))
}
