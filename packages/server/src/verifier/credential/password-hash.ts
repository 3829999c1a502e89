import {
  concat,
  encodeUtf8,
  equalSecret,
  fromBase64,
  isKeylineError,
  toBase64,
  type Random,
  type Secret,
} from '@keyline/bytes'
import { scrypt, type ScryptCost } from '@keyline/crypto'
import { ServerError } from '../../errors.ts'

/** What the record keeps of a password: never the password, and all that is needed to check one. */
export interface PasswordHash {
  readonly cost: ScryptCost
  /** 16 to 64 octets, drawn for this password alone. */
  readonly salt: Uint8Array
  /** 32 octets. */
  readonly key: Uint8Array
}

/** 32 MiB and three passes: as dear to guess as 128 MiB in one pass, and four times as many fit beside each other. */
export const passwordCost: ScryptCost = { costLog2: 15, blockSize: 8, parallelism: 3 }

/** Octets of a password in UTF-8. */
export const passwordLength = { least: 12, most: 1_024 } as const

const keyLength = 32
const saltLength = { drawn: 16, least: 16, most: 64 } as const
/** Octets that a check may take, whatever a text asks for. */
const mostMemory = 256 * 1_024 * 1_024
const form =
  /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d?),p=([1-9]\d?)\$([A-Za-z0-9+/]{2,86})\$([A-Za-z0-9+/]{43})$/

/** `$scrypt$ln=…,r=…,p=…$salt$key` in the string format of the password hashing competition, base64 without padding. */
export function encodePasswordHash({ cost, salt, key }: PasswordHash): string {
  const { costLog2, blockSize, parallelism } = cost
  const parameters = `ln=${costLog2},r=${blockSize},p=${parallelism}`
  return `$scrypt$${parameters}$${unpadded(salt)}$${unpadded(key)}`
}

/** @throws ServerError `SERVER_CREDENTIAL_DAMAGED` */
export function parsePasswordHash(text: string): PasswordHash {
  const [, costLog2, blockSize, parallelism, salt, key] = form.exec(text) ?? []
  if (salt === undefined || key === undefined) return damaged('has not the form of scrypt')
  const hash: PasswordHash = {
    cost: {
      costLog2: Number(costLog2),
      blockSize: Number(blockSize),
      parallelism: Number(parallelism),
    },
    salt: octetsOf(salt),
    key: octetsOf(key),
  }
  const { cost } = hash
  if (cost.costLog2 > 24 || 128 * cost.blockSize * 2 ** cost.costLog2 > mostMemory) {
    return damaged(`asks for more than ${mostMemory} octets of memory`)
  }
  if (cost.blockSize > 32 || cost.parallelism > 64) return damaged('asks for too much time')
  if (hash.salt.length < saltLength.least || hash.salt.length > saltLength.most) {
    return damaged(`has a salt of ${hash.salt.length} octets`)
  }
  return hash
}

/**
 * What to keep of a new password.
 * @param password UTF-8, 12 to 1 024 octets
 * @throws ServerError `SERVER_PASSWORD`
 */
export async function hashPassword(
  password: Secret,
  random: Random,
  cost: ScryptCost = passwordCost,
): Promise<string> {
  const { length } = password
  if (length < passwordLength.least || length > passwordLength.most) {
    const message = `a password has ${length} octets, but must have ${passwordLength.least} to ${passwordLength.most}`
    throw new ServerError('SERVER_PASSWORD', message)
  }
  const salt = random.bytes(saltLength.drawn)
  const key = await scrypt({ password: password.reveal(), salt, cost, length: keyLength })
  return encodePasswordHash({ cost, salt, key })
}

/** A text of the given cost that no password fits. */
export function unguessableHash(random: Random, cost: ScryptCost = passwordCost): string {
  return encodePasswordHash({
    cost,
    salt: random.bytes(saltLength.drawn),
    key: random.bytes(keyLength),
  })
}

/** Whether a password is the one behind a text; takes the same time for any. @throws ServerError `SERVER_CREDENTIAL_DAMAGED` */
export async function isPassword(password: Secret, text: string): Promise<boolean> {
  const { cost, salt, key } = parsePasswordHash(text)
  const derived = await scrypt({ password: password.reveal(), salt, cost, length: keyLength })
  return equalSecret(derived, key)
}

/** Binds a check to name, password and what was kept then, so that a changed password is checked anew. */
export function checkOf(name: string, password: Secret, text: string): Uint8Array {
  const ends = encodeUtf8(`${text}\0${name}\0`)
  return concat(ends, password.reveal())
}

function unpadded(octets: Uint8Array): string {
  return toBase64(octets).replaceAll('=', '')
}

function octetsOf(text: string): Uint8Array {
  try {
    return fromBase64(text.padEnd(4 * Math.ceil(text.length / 4), '='))
  } catch (error) {
    if (!isKeylineError(error)) throw error
    return damaged(error.message)
  }
}

function damaged(what: string): never {
  throw new ServerError('SERVER_CREDENTIAL_DAMAGED', `the hash of a password ${what}`)
}
