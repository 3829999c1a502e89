import type { Handle, PKCS11 } from 'pkcs11js'
import { pkcs11, userPin, type TestToken } from './softhsm.ts'

/** Does something in the token behind the back of a signer, which may have it open in this process. */
export function withSession<T>(
  token: TestToken,
  act: (library: PKCS11, session: Handle, slot: Handle) => T,
): T {
  const pkcs11js = pkcs11()
  const library = new pkcs11js.PKCS11()
  library.load(token.modulePath)
  const isOwn = initialise(library)
  try {
    const slot = library
      .C_GetSlotList(true)
      .find((one) => library.C_GetTokenInfo(one).label.trim() === token.label)
    if (slot === undefined) throw new Error('the token is not there')
    const flags = pkcs11js.CKF_RW_SESSION | pkcs11js.CKF_SERIAL_SESSION
    const session = library.C_OpenSession(slot, flags)
    try {
      if (isOwn) library.C_Login(session, pkcs11js.CKU_USER, userPin)
      return act(library, session, slot)
    } finally {
      if (!isOwn) closeSession(library, session)
    }
  } finally {
    if (isOwn) library.C_Finalize()
    library.close()
  }
}

export interface NewKey {
  readonly label: string
  readonly id: number
  /** Object identifier, DER. */
  readonly curve: Uint8Array
  readonly isExtractable?: boolean
}

/** A key such as another program would make it. */
export function generate(library: PKCS11, session: Handle, key: NewKey): void {
  const pkcs11js = pkcs11()
  const both = [
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_LABEL, value: key.label },
    { type: pkcs11js.CKA_ID, value: Buffer.of(key.id) },
  ]
  const isExtractable = key.isExtractable === true
  library.C_GenerateKeyPair(
    session,
    { mechanism: pkcs11js.CKM_EC_KEY_PAIR_GEN },
    [...both, { type: pkcs11js.CKA_EC_PARAMS, value: Buffer.from(key.curve) }],
    [
      ...both,
      { type: pkcs11js.CKA_SIGN, value: true },
      { type: pkcs11js.CKA_SENSITIVE, value: !isExtractable },
      { type: pkcs11js.CKA_EXTRACTABLE, value: isExtractable },
    ],
  )
}

function initialise(library: PKCS11): boolean {
  try {
    library.C_Initialize({ flags: pkcs11().CKF_OS_LOCKING_OK })
    return true
  } catch {
    return false
  }
}

function closeSession(library: PKCS11, session: Handle): void {
  try {
    library.C_CloseSession(session)
  } catch {
    // The act has closed it.
  }
}
