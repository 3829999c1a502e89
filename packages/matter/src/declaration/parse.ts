import { MatterError } from '../errors.ts'
import { decodeDeclarationContent, type CertificationDeclaration } from './content.ts'
import { openEnvelope } from './envelope.ts'

/** The envelope and the content of a declaration, whoever signed it. */
export interface ParsedDeclaration {
  readonly declaration: CertificationDeclaration
  /** Key identifier of the signer, 20 octets. */
  readonly signerKeyId: Uint8Array
}

/**
 * Reads a declaration without asking who signed it.
 * @throws MatterError `DECLARATION_MALFORMED` when envelope or content are not those of matter-factory-data 11
 */
export function parseDeclaration(der: Uint8Array): ParsedDeclaration {
  const opened = openEnvelope(der)
  if (!opened.ok) {
    const name = opened.violations[0] ?? 'envelope'
    throw new MatterError('DECLARATION_MALFORMED', `${name}: ${opened.message}`)
  }
  const { content, signerKeyId } = opened.envelope
  return { declaration: decodeDeclarationContent(content), signerKeyId }
}
