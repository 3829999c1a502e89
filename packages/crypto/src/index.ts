export { CryptoError, cryptoErrorTable, type CryptoErrorCode } from './errors.ts'
export { decryptGcm, encryptGcm, type GcmContext } from './gcm.ts'
export {
  hkdfSha256,
  hmacSha256,
  pbkdf2Sha256,
  sha1,
  sha256,
  type HkdfInput,
  type Pbkdf2Input,
} from './hash.ts'
export {
  generateP256,
  isP256Point,
  p256FromScalar,
  p256Order,
  p256PointOf,
  p256PublicKey,
  p256Spki,
  p256SpkiPrefix,
  signP256,
  signP256Der,
  verifyP256,
  verifyP256Der,
  type P256KeyPair,
  type P256PublicKey,
  type P256Verification,
} from './p256.ts'
export { p256FromEncoded, p256ScalarOf, p256ToPkcs8, type PrivateKeyInput } from './private-key.ts'
export { open, seal, type OpenInput, type SealContext, type SealInput } from './seal.ts'
export { keyPairSigner, type Signer } from './signer.ts'
export {
  spake2pScalars,
  spake2pVerifier,
  type Spake2pInput,
  type Spake2pScalars,
  type Spake2pVerifier,
} from './spake2p.ts'
