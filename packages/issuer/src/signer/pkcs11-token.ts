import { decodeUtf8, equalOctets, toHex, type Secret } from '@keyline/bytes'
import { p256PublicKey, type P256PublicKey } from '@keyline/crypto'
import { IssuerError } from '../errors.ts'
import {
  pkcs11Code,
  pkcs11Name,
  tryTo,
  type Handle,
  type Pkcs11Module,
  type Template,
} from './pkcs11-module.ts'
import { formatPkcs11Uri, type Pkcs11Uri } from './pkcs11-uri.ts'

/** Object identifier of prime256v1 in DER (RFC 5480), as CKA_EC_PARAMS has it. */
const prime256v1 = Uint8Array.of(0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07)

/** A key that was found in a token, with what is needed to use it. */
export interface TokenKey {
  readonly privateKey: Handle
  readonly publicKey: P256PublicKey
  /** True unless the token says that the key is sensitive and never leaves it. */
  readonly isExtractable: boolean
}

/** A token that is logged in to as its user. */
export class Pkcs11Token {
  readonly #module: Pkcs11Module
  readonly #slot: Handle
  readonly #sessions: Handle[] = []

  /** Finds the token and logs in. @throws IssuerError `ISSUER_TOKEN`, `ISSUER_PIN` */
  constructor(module: Pkcs11Module, uri: Pkcs11Uri, pin: Secret, isWriting = false) {
    this.#module = module
    this.#slot = findSlot(module, uri)
    const session = this.session(isWriting)
    try {
      module.library.C_Login(session, module.names.CKU_USER, decodeUtf8(pin.reveal(), 'the PIN'))
    } catch (cause) {
      // Another signer of this process has logged in: the login counts for all of its sessions.
      if (pkcs11Code(cause) === module.names.CKR_USER_ALREADY_LOGGED_IN) return
      this.close()
      throw pinRefusal(module, cause) ?? cause
    }
  }

  session(isWriting = false): Handle {
    const { library, names } = this.#module
    const flags = names.CKF_SERIAL_SESSION | (isWriting ? names.CKF_RW_SESSION : 0)
    const session = library.C_OpenSession(this.#slot, flags)
    this.#sessions.push(session)
    return session
  }

  /** @throws IssuerError `ISSUER_TOKEN` unless exactly one private key on P-256 has the name, and its public key lies beside it */
  key(uri: Pkcs11Uri): TokenKey {
    const [session = this.session()] = this.#sessions
    const { library, names } = this.#module
    const found = this.find(session, names.CKO_PRIVATE_KEY, uri)
    const [privateKey] = found
    if (privateKey === undefined || found.length > 1) {
      const count = found.length === 0 ? 'no private EC key' : 'more than one private EC key'
      throw new IssuerError('ISSUER_TOKEN', `the token has ${count} named ${nameOf(uri)}`)
    }
    const read = (key: Handle, type: number): Uint8Array => {
      const [attribute] = library.C_GetAttributeValue(session, key, [{ type }])
      return octetsOf(attribute?.value)
    }
    if (!equalOctets(read(privateKey, names.CKA_EC_PARAMS), prime256v1)) {
      throw new IssuerError('ISSUER_TOKEN', `the key ${nameOf(uri)} is not on P-256`)
    }
    const id = read(privateKey, names.CKA_ID)
    const [publicObject] = this.find(session, names.CKO_PUBLIC_KEY, id.length > 0 ? { id } : uri)
    if (publicObject === undefined) {
      throw new IssuerError('ISSUER_TOKEN', `the public key of ${nameOf(uri)} is not in the token`)
    }
    const isFlag = (type: number): boolean => read(privateKey, type)[0] === 1
    return {
      privateKey,
      publicKey: p256PublicKey(pointOf(read(publicObject, names.CKA_EC_POINT))),
      isExtractable: isFlag(names.CKA_EXTRACTABLE) || !isFlag(names.CKA_SENSITIVE),
    }
  }

  /** Objects of a class with the label and the identifier of a name; two at most. */
  find(session: Handle, objectClass: number, uri: Pick<Pkcs11Uri, 'object' | 'id'>): Handle[] {
    const { library, names } = this.#module
    const template: Template = [
      { type: names.CKA_CLASS, value: objectClass },
      { type: names.CKA_KEY_TYPE, value: names.CKK_EC },
    ]
    if (uri.object !== undefined) template.push({ type: names.CKA_LABEL, value: uri.object })
    if (uri.id !== undefined) template.push({ type: names.CKA_ID, value: bufferOf(uri.id) })
    library.C_FindObjectsInit(session, template)
    try {
      return library.C_FindObjects(session, 2)
    } finally {
      library.C_FindObjectsFinal(session)
    }
  }

  /** A new key on P-256 that never leaves the token. */
  generate(name: { readonly object: string; readonly id: Uint8Array }): void {
    const [session = this.session(true)] = this.#sessions
    const { library, names } = this.#module
    const both: Template = [
      { type: names.CKA_TOKEN, value: true },
      { type: names.CKA_LABEL, value: name.object },
      { type: names.CKA_ID, value: bufferOf(name.id) },
    ]
    library.C_GenerateKeyPair(
      session,
      { mechanism: names.CKM_EC_KEY_PAIR_GEN },
      [
        ...both,
        { type: names.CKA_VERIFY, value: true },
        { type: names.CKA_EC_PARAMS, value: bufferOf(prime256v1) },
      ],
      [
        ...both,
        { type: names.CKA_PRIVATE, value: true },
        { type: names.CKA_SENSITIVE, value: true },
        { type: names.CKA_EXTRACTABLE, value: false },
        { type: names.CKA_SIGN, value: true },
      ],
    )
  }

  /** Ends its sessions; the login stays for other signers of this process and goes with the last session. */
  close(): void {
    for (const session of this.#sessions.splice(0)) {
      tryTo(() => this.#module.library.C_CloseSession(session))
    }
  }
}

function findSlot(module: Pkcs11Module, uri: Pkcs11Uri): Handle {
  const { library } = module
  const found = library.C_GetSlotList(true).filter((slot) => isToken(module, slot, uri))
  const [slot] = found
  if (slot !== undefined && found.length === 1) return slot
  const many = found.length === 0 ? 'no token' : `${found.length} tokens`
  throw new IssuerError('ISSUER_TOKEN', `the module has ${many} named ${tokenNameOf(uri)}`, {
    remedy: 'compare the name of the token with what `pkcs11-tool --list-token-slots` shows',
  })
}

function isToken(module: Pkcs11Module, slot: Handle, uri: Pkcs11Uri): boolean {
  if (uri.slotId !== undefined && slotIdOf(slot) !== uri.slotId) return false
  try {
    const info = module.library.C_GetTokenInfo(slot)
    return (
      matches(info.label, uri.token) &&
      matches(info.manufacturerID, uri.manufacturer) &&
      matches(info.model, uri.model) &&
      matches(info.serialNumber, uri.serial)
    )
  } catch {
    // A token that was removed does not say who it is.
    return false
  }
}

/** Tokens pad their texts with blanks, some with NUL. */
function matches(text: string, wanted: string | undefined): boolean {
  return wanted === undefined || text.replace(/[ \0]+$/, '') === wanted
}

/** A handle is a CK_ULONG in the order of the machine, which is little endian wherever Node.js runs but on s390x. */
function slotIdOf(slot: Handle): number {
  return slot.readUInt32LE(0)
}

/** CKA_EC_POINT is the point inside an OCTET STRING; modules before version 2.30 of the standard leave it out. */
function pointOf(value: Uint8Array): Uint8Array {
  return value.length === 67 && value[0] === 0x04 && value[1] === 65 ? value.subarray(2) : value
}

function octetsOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? Uint8Array.from(value) : new Uint8Array()
}

function bufferOf(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length)
}

function pinRefusal(module: Pkcs11Module, cause: unknown): IssuerError | undefined {
  const { names } = module
  const refusals: readonly (number | undefined)[] = [
    names.CKR_PIN_INCORRECT,
    names.CKR_PIN_LOCKED,
    names.CKR_PIN_EXPIRED,
    names.CKR_PIN_INVALID,
    names.CKR_PIN_LEN_RANGE,
  ]
  if (!refusals.includes(pkcs11Code(cause) ?? -1)) return undefined
  return new IssuerError('ISSUER_PIN', `the token refuses the login: ${pkcs11Name(cause)}`, {
    cause,
  })
}

/** What a message calls a key: the path of its URI, without module and PIN file. */
export function nameOf({ object, id }: Pick<Pkcs11Uri, 'object' | 'id'>): string {
  const label = object === undefined ? [] : [JSON.stringify(object)]
  return [...label, ...(id === undefined ? [] : [`id ${toHex(id)}`])].join(', ')
}

function tokenNameOf({ token, manufacturer, model, serial, slotId }: Pkcs11Uri): string {
  return formatPkcs11Uri({ token, manufacturer, model, serial, slotId })
}
