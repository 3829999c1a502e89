import { rm } from 'node:fs/promises'
import {
  decodeUtf8,
  encodeUtf8,
  Secret,
  systemRandom,
  toBase64url,
  type JsonValue,
} from '@keyline/bytes'
import { drawApiKey, hashPassword, verifierRoles, type VerifierRole } from '@keyline/server'
import { CliError } from '../../errors.ts'
import { ExitCode } from '../../exit-code.ts'
import { writeWhole } from '../pki-output.ts'
import { tableText } from '../stsafe-text.ts'
import { withRecord, type RecordOptions } from './record.ts'

export interface CredentialReport {
  readonly text: string
  readonly document: Readonly<Record<string, JsonValue>>
  readonly code: ExitCode
}

export interface AddCredentialOptions extends RecordOptions {
  readonly role: readonly string[]
  /** A password for clients that know Basic alone; an API key unless given. */
  readonly password?: boolean | undefined
  /** Where the secret goes, for its owner alone. */
  readonly out: string
  /** Days until it ends; without an end unless given. */
  readonly days?: number | undefined
}

const actor = 'keyline attest credential'
const dayMs = 86_400_000
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/

/**
 * Makes a credential. Its secret is drawn here and goes to a file before the database knows it, so that none is stored
 * which nobody has. @throws CliError `CLI_USAGE`, `CLI_EXISTS`, `CLI_FILE`
 */
export async function addCredential(
  name: string,
  options: AddCredentialOptions,
): Promise<CredentialReport> {
  if (!nameForm.test(name)) {
    throw new CliError('CLI_USAGE', `${JSON.stringify(name)} is no name of a credential`, {
      remedy:
        'take 1 to 64 letters, digits, dots, dashes, underscores and @, a letter or digit first',
    })
  }
  const { password, out, days } = options
  const roles = options.role.map(roleOf)
  const now = Date.now()
  const { secret, content, verifier } = await (password === true ? drawPassword(name) : drawKey())
  const isAdded = await withRecord(options, actor, async ({ credentials }) => {
    const known = await credentials.findName(name)
    if (known !== undefined) return false
    await writeWhole({ path: out, content, isSecret: true })
    const kind = password === true ? 'password' : 'api-key'
    const expiresAt = days === undefined ? undefined : now + days * dayMs
    const credential = { name, kind, roles, verifier, createdAt: now, expiresAt } as const
    let isStored = false
    try {
      isStored = await credentials.add(credential, actor)
    } finally {
      if (!isStored) await rm(out, { force: true })
    }
    return isStored
  })
  secret.wipe()
  if (!isAdded) {
    throw new CliError('CLI_EXISTS', `the credential ${name} exists`, {
      remedy: 'take another name, or remove the old one first',
    })
  }
  const shown = roles.join(' and ')
  return {
    text: `${name} may ask as ${shown}; the secret is in ${out}\n`,
    document: { name, roles, file: out },
    code: ExitCode.done,
  }
}

export async function listCredentials(options: RecordOptions): Promise<CredentialReport> {
  const all = await withRecord({ ...options, mustExist: true }, actor, ({ credentials }) =>
    credentials.list(),
  )
  const rows = all.map(({ name, kind, roles, expiresAt }) => [
    name,
    kind,
    roles.join(' '),
    expiresAt === undefined ? 'never' : new Date(expiresAt).toISOString(),
  ])
  return {
    text: tableText(['name', 'kind', 'roles', 'ends'], rows),
    document: {
      credentials: all.map(({ name, kind, roles, createdAt, expiresAt }) => ({
        name,
        kind,
        roles: [...roles],
        createdAt,
        expiresAt: expiresAt ?? null,
      })),
    },
    code: ExitCode.done,
  }
}

export async function removeCredential(
  name: string,
  options: RecordOptions,
): Promise<CredentialReport> {
  const isRemoved = await withRecord({ ...options, mustExist: true }, actor, ({ credentials }) =>
    credentials.remove(name, actor),
  )
  return {
    text: isRemoved
      ? `${name} may ask no more\n`
      : `there is no credential ${JSON.stringify(name)}\n`,
    document: { name, removed: isRemoved },
    code: isRemoved ? ExitCode.done : ExitCode.failed,
  }
}

interface DrawnSecret {
  readonly secret: Secret
  /** The line that the options of clients read. */
  readonly content: string
  /** What the record keeps. */
  readonly verifier: string
}

async function drawKey(): Promise<DrawnSecret> {
  const { key, sha256 } = drawApiKey(systemRandom)
  return { secret: key, content: `${decodeUtf8(key.reveal())}\n`, verifier: sha256 }
}

async function drawPassword(name: string): Promise<DrawnSecret> {
  const text = toBase64url(systemRandom.bytes(24))
  const secret = new Secret(encodeUtf8(text))
  const verifier = await hashPassword(secret, systemRandom)
  return { secret, content: `${name}:${text}\n`, verifier }
}

function roleOf(text: string): VerifierRole {
  const role = verifierRoles.find((one) => one === text)
  if (role !== undefined) return role
  throw new CliError('CLI_USAGE', `${JSON.stringify(text)} is no role`, {
    remedy: `take ${verifierRoles.join(', ')}`,
  })
}
