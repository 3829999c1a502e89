import { toHex, type JsonValue } from '@keyline/bytes'
import {
  decodeCorim,
  decodeSignedCorim,
  EatError,
  fromDraftForm,
  keyText,
  readOlderPsaStatements,
  readPsaStatements,
  type Corim,
  type CorimMeta,
  type PsaStatement,
} from '@keyline/eat'
import { quoted } from '../pki-findings.ts'
import { fieldsText } from '../stsafe-text.ts'
import type { Explanation } from './explanation.ts'
import { refusalDocument, refusalText } from './refusal-text.ts'

export interface CorimReading {
  readonly kind: 'corim' | 'signed-corim' | 'older-corim'
  /** Takes the forms of authoring drafts (V16). */
  readonly isLenient?: boolean | undefined
}

/** Statements that are shown; of a long CoRIM the rest is counted alone. */
const mostShown = 200

/** Explains an endorsement statement by statement. Whose signature it carries, its import tells. */
export function explainCorim(octets: Uint8Array, reading: CorimReading): Explanation {
  const tally = new StatementTally()
  let header: Readonly<Record<string, string>> = {}
  let refusal: EatError | undefined
  try {
    const opened = openCorim(octets, reading)
    header = opened.header
    for (const statement of opened.statements) tally.add(statement)
  } catch (error) {
    if (!(error instanceof EatError)) throw error
    refusal = error
  }
  const kind = reading.kind === 'signed-corim' ? 'signed CoRIM' : 'CoRIM'
  return {
    what: reading.kind,
    isSound: refusal === undefined,
    text: [
      fieldsText({ message: `${kind}, ${octets.length} octets`, ...header }),
      tally.text(),
      refusal === undefined
        ? '\nthe form is right; `keyline attest endorse import` tells whether it is accepted\n'
        : `\n${refusalText(refusal)}`,
    ].join(''),
    document: {
      what: reading.kind,
      octets: octets.length,
      ...header,
      ...tally.document(),
      findings: refusal === undefined ? [] : [refusalDocument(refusal)],
    },
  }
}

interface OpenCorim {
  readonly header: Readonly<Record<string, string>>
  readonly statements: Iterable<PsaStatement>
}

function openCorim(octets: Uint8Array, { kind, isLenient }: CorimReading): OpenCorim {
  const convert = isLenient === true ? fromDraftForm : undefined
  switch (kind) {
    case 'older-corim':
      return {
        header: { profile: 'http://arm.com/psa/iot/1, the older one' },
        statements: readOlderPsaStatements(octets),
      }
    case 'signed-corim': {
      const { corim, meta, algorithm } = decodeSignedCorim(octets)
      const header = { ...headerOf(corim), algorithm: algorithm.name, ...signerFields(meta) }
      return { header, statements: readPsaStatements(corim, { convert }) }
    }
    case 'corim': {
      const corim = decodeCorim(octets)
      return { header: headerOf(corim), statements: readPsaStatements(corim, { convert }) }
    }
    default:
      return kind satisfies never
  }
}

function headerOf({ id, profile, validity, entities }: Corim): Readonly<Record<string, string>> {
  return {
    id: typeof id === 'string' ? quoted(id) : toHex(id),
    profile:
      profile === undefined
        ? 'none'
        : profile.type === 'uri'
          ? quoted(profile.uri)
          : 'an object identifier',
    ...(validity !== undefined && {
      valid: `${timeText(validity.notBefore)} to ${timeText(validity.notAfter)}`,
    }),
    ...(entities !== undefined && { by: entities.map(({ name }) => quoted(name)).join(', ') }),
  }
}

function signerFields(meta: CorimMeta | undefined): Readonly<Record<string, string>> {
  return { signer: meta === undefined ? 'named in CWT claims' : quoted(meta.signer) }
}

function timeText(seconds: number | undefined): string {
  if (seconds === undefined) return 'ever'
  const time = new Date(seconds * 1000)
  return Number.isNaN(time.getTime()) ? String(seconds) : time.toISOString()
}

class StatementTally {
  readonly #shown: string[] = []
  readonly #documents: JsonValue[] = []
  #more = 0

  add(statement: PsaStatement): void {
    if (this.#shown.length >= mostShown) {
      this.#more++
      return
    }
    this.#shown.push(statementText(statement))
    this.#documents.push(statementDocument(statement))
  }

  text(): string {
    const more = this.#more === 0 ? '' : `  and ${this.#more} more\n`
    return this.#shown.length === 0 ? '' : `\n${this.#shown.join('')}${more}`
  }

  document(): Readonly<Record<string, JsonValue>> {
    return { statements: this.#documents, more: this.#more }
  }
}

function statementText(statement: PsaStatement): string {
  switch (statement.kind) {
    case 'trust-anchor': {
      const { implementationId, instanceId, publicKey } = statement.value
      return `  device ${toHex(instanceId)}\n    of ${toHex(implementationId)}, key on ${publicKey.curve}\n`
    }
    case 'reference-value': {
      const { implementationId, name, version, digests, signerId } = statement.value
      const label = [name ?? 'unnamed', version].filter((part) => part !== undefined).join(' ')
      const hashes = digests
        .map(({ algorithm, value }) => `${algorithm ?? 'other hash'} ${toHex(value)}`)
        .join(', ')
      return `  firmware ${quoted(label)} ${hashes}\n    of ${toHex(implementationId)}, signed by ${toHex(signerId)}\n`
    }
    case 'certification':
      return `  certification ${quoted(statement.value.number)}\n    of ${toHex(statement.value.implementationId)}\n`
    case 'ignored':
      return `  ${quoted(statement.what)} at ${statement.path} is not used\n`
    default:
      return statement satisfies never
  }
}

function statementDocument(statement: PsaStatement): JsonValue {
  const { kind, path } = statement
  switch (kind) {
    case 'trust-anchor': {
      const { implementationId, instanceId, publicKey } = statement.value
      return {
        kind,
        path,
        implementationId: toHex(implementationId),
        instanceId: toHex(instanceId),
        publicKey: keyText(publicKey),
      }
    }
    case 'reference-value': {
      const { implementationId, name, version, digests, signerId } = statement.value
      return {
        kind,
        path,
        implementationId: toHex(implementationId),
        name: name ?? null,
        version: version ?? null,
        signerId: toHex(signerId),
        digests: digests.map(({ algorithm, value }) => ({
          algorithm: algorithm ?? null,
          value: toHex(value),
        })),
      }
    }
    case 'certification':
      return {
        kind,
        path,
        implementationId: toHex(statement.value.implementationId),
        number: statement.value.number,
      }
    case 'ignored':
      return { kind, path, what: statement.what }
    default:
      return statement satisfies never
  }
}
