import {
  fromBase64url,
  decodeUtf8,
  isKeylineError,
  parseJson,
  type JsonValue,
} from '@keyline/bytes'
import { EatError, inspectToken, readEar } from '@keyline/eat'
import { CliError } from '../../errors.ts'
import { explainCorim } from './corim-report.ts'
import { explainResult, unsignedResult } from './ear-report.ts'
import { readWritten, type WrittenMessage } from './evidence-input.ts'
import type { Explanation } from './explanation.ts'
import { packedChallengeSize, recogniseMessage } from './recognise.ts'
import { refusalDocument, refusalText } from './refusal-text.ts'
import { explainStSample } from './st-sample-report.ts'
import { explainClaims, explainToken } from './token-report.ts'

export interface InspectOptions {
  /** Takes CoRIMs in the forms of authoring drafts (V16). */
  readonly isLenient?: boolean | undefined
}

/** Explains whatever a file holds that belongs to attestation. @throws CliError `CLI_FILE`, `CLI_INPUT` */
export async function inspectFile(path: string, options: InspectOptions): Promise<Explanation> {
  return inspectMessage(await readWritten(path), options)
}

export function inspectMessage(message: WrittenMessage, options: InspectOptions): Explanation {
  switch (message.form) {
    case 'JWT':
      return explained('result', () => resultOf(payloadOf(message.text)))
    case 'JSON':
      return explained('result', () => resultOf(message.json))
    case 'octets':
    case 'hex':
    case 'base64':
    case 'base64url':
    case 'wrapper': {
      const { octets, label, form } = message
      const explanation = inspectOctets(octets, message.place, options)
      const written = label === undefined ? form : `between BEGIN and END ${label}`
      return { ...explanation, document: { ...explanation.document, written } }
    }
    default:
      return message satisfies never
  }
}

function inspectOctets(octets: Uint8Array, place: string, options: InspectOptions): Explanation {
  const kind = recogniseMessage(octets)
  switch (kind) {
    case 'token':
      return explainToken(octets)
    case 'claims':
      return explainClaims(octets, inspectToken(octets).findings)
    case 'corim':
    case 'signed-corim':
    case 'older-corim':
      return explainCorim(octets, { kind, isLenient: options.isLenient })
    case 'ear':
      return explained('result', () => explainResult(unsignedResult(octets), 'none'))
    case 'st-sample':
      return explainStSample(octets, packedChallengeSize(octets.length) ?? 32)
    case 'unknown':
      // What is neither may still be a token whose head is broken: the findings say so, octet by octet.
      if (octets.length > 0) return explainToken(octets)
      throw new CliError('CLI_INPUT', `${place} is empty`)
    default:
      return kind satisfies never
  }
}

function resultOf(claims: JsonValue): Explanation {
  return explainResult(readEar(claims), 'not checked; `keyline attest verify` checks it')
}

function payloadOf(jwt: string): JsonValue {
  const [, payload = ''] = jwt.split('.')
  try {
    return parseJson(decodeUtf8(fromBase64url(payload)), 'payload', { maxDepth: 32 })
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw new EatError('E_EAR_MISSING', `the payload of the JWT is no JSON: ${cause.message}`)
  }
}

/** An explanation, or that of why there is none. */
function explained(what: string, explain: () => Explanation): Explanation {
  try {
    return explain()
  } catch (error) {
    if (!(error instanceof EatError)) throw error
    return {
      what,
      isSound: false,
      text: refusalText(error),
      document: { what, findings: [refusalDocument(error)] },
    }
  }
}
