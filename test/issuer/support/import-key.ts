import type { P256KeyPair } from '@keyline/crypto'
import { p256ScalarOf } from '@keyline/crypto'
import { withSession } from '../../support/token-session.ts'
import { pkcs11, type TestToken } from '../../support/softhsm.ts'

/** Object identifier of prime256v1, DER. */
const prime256v1 = Buffer.from('06082a8648ce3d030107', 'hex')

/** Puts a key that the test knows into a token, from which it cannot be read again. */
export function importKey(token: TestToken, label: string, pair: P256KeyPair): void {
  const names = pkcs11()
  const both = [
    { type: names.CKA_KEY_TYPE, value: names.CKK_EC },
    { type: names.CKA_TOKEN, value: true },
    { type: names.CKA_LABEL, value: label },
    { type: names.CKA_ID, value: Buffer.of(1) },
    { type: names.CKA_EC_PARAMS, value: prime256v1 },
  ]
  const { point } = pair.publicKey
  withSession(token, (library, session) => {
    library.C_CreateObject(session, [
      ...both,
      { type: names.CKA_CLASS, value: names.CKO_PUBLIC_KEY },
      { type: names.CKA_EC_POINT, value: Buffer.from([0x04, point.length, ...point]) },
    ])
    library.C_CreateObject(session, [
      ...both,
      { type: names.CKA_CLASS, value: names.CKO_PRIVATE_KEY },
      { type: names.CKA_PRIVATE, value: true },
      { type: names.CKA_SENSITIVE, value: true },
      { type: names.CKA_EXTRACTABLE, value: false },
      { type: names.CKA_SIGN, value: true },
      { type: names.CKA_VALUE, value: Buffer.from(p256ScalarOf(pair).reveal()) },
    ])
  })
}
