export {
  aesCmac,
  applyCtr,
  Cmac,
  decryptCbc,
  decryptEcb,
  encryptCbc,
  encryptEcb,
  padIso7816,
  unpadIso7816,
  type CbcInput,
  type EcbInput,
} from './aes.ts'
export { decryptCcm, encryptCcm, firstCounterBlock, type CcmContext } from './ccm.ts'
export {
  curveKeyPair,
  curvePublicKey,
  decompressPoint,
  drawPrivateKey,
  fleetingPublicKey,
  generateCurveKeyPair,
  isPublicKey,
  publicKeyOf,
  sharedSecret,
  sharedSecretOf,
  type CurveKeyPair,
  type CurvePublicKey,
} from './curve-key.ts'
export {
  coordinateLength,
  isWeierstrass,
  publicKeyLength,
  weierstrassCurves,
  type Curve,
  type WeierstrassCurve,
} from './curve.ts'
export {
  deterministicNonces,
  randomNonces,
  signDigest,
  verifyDigest,
  type DigestSignatureInput,
  type NonceSource,
} from './digest-signature.ts'
export { CryptoError, cryptoErrorTable, type CryptoErrorCode } from './errors.ts'
export { gcmStream, isTagOf, type GcmStream, type GcmStreamInput } from './gcm-stream.ts'
export { decryptGcm, encryptGcm, type GcmContext } from './gcm.ts'
export {
  hashOf,
  hashStream,
  hkdfExpandSha256,
  hkdfSha256,
  hmacOf,
  hmacSha256,
  pbkdf2Sha256,
  pbkdf2Sha256Sync,
  sha1,
  sha256,
  type HashAlgorithm,
  type HashStream,
  type HkdfInput,
  type Pbkdf2Input,
} from './hash.ts'
export { unwrapKey, wrapKey, type KeyWrapInput } from './key-wrap.ts'
export {
  drawP256Scalar,
  generateP256,
  isP256Point,
  p256FromScalar,
  P256Multiplier,
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
export { verifyRsaPss } from './rsa-pss.ts'
export { scrypt, type ScryptCost, type ScryptInput } from './scrypt.ts'
export { open, seal, type OpenInput, type SealContext, type SealInput } from './seal.ts'
export { signMessage, verifyMessage, verifyMessageDer, type SignatureInput } from './signature.ts'
export { keyPairSigner, type Signer } from './signer.ts'
export {
  spake2pScalars,
  spake2pVerifier,
  spake2pVerifierSync,
  type Spake2pInput,
  type Spake2pScalars,
  type Spake2pVerifier,
} from './spake2p.ts'
