import { fromHex, isKeylineError, toHexUpper, type JsonValue } from '@keyline/bytes'
import { CertificationType, type CertificationDeclaration } from '@keyline/matter'
import { CliError } from '../errors.ts'
import { quoted } from './pki-findings.ts'

type JsonObject = { readonly [member: string]: JsonValue | undefined }

const memberNames: ReadonlySet<string> = new Set([
  'formatVersion',
  'vendorId',
  'productIds',
  'deviceTypeId',
  'certificateId',
  'securityLevel',
  'securityInformation',
  'versionNumber',
  'certificationType',
  'dacOrigin',
  'authorizedPaas',
])

/** Names of the certification types, as they may stand in JSON and on the command line. */
export const certificationTypes: ReadonlyMap<string, number> = new Map(
  Object.entries(CertificationType),
)

/**
 * A declaration as `keyline pki cd show --json` writes it: numbers, or texts such as `0xFFF1`; key identifiers in
 * hexadecimal. What is left out has the value that commissioners expect.
 * @throws CliError `CLI_INPUT` with the member
 */
export function declarationFromJson(json: JsonValue): CertificationDeclaration {
  const members = objectOf(json, 'the declaration')
  for (const name of Object.keys(members)) {
    if (!memberNames.has(name)) throw wrong(name, 'is not a member of a declaration')
  }
  const number = (name: string, most: number, otherwise?: number): number =>
    numberOf(members[name] ?? otherwise, name, most)
  const { dacOrigin, authorizedPaas } = members
  return {
    formatVersion: number('formatVersion', 0xffff, 1),
    vendorId: number('vendorId', 0xffff),
    productIds: listOf(members['productIds'], 'productIds').map((value, index) =>
      numberOf(value, `productIds[${index}]`, 0xffff),
    ),
    deviceTypeId: number('deviceTypeId', 0xffff_ffff),
    certificateId: textOf(members['certificateId'], 'certificateId'),
    securityLevel: number('securityLevel', 0xff, 0),
    securityInformation: number('securityInformation', 0xffff, 0),
    versionNumber: number('versionNumber', 0xffff, 1),
    certificationType: certificationTypeOf(members['certificationType'] ?? 0),
    dacOrigin: dacOrigin === undefined ? undefined : originOf(dacOrigin),
    authorizedPaas:
      authorizedPaas === undefined
        ? undefined
        : listOf(authorizedPaas, 'authorizedPaas').map((value, index) =>
            keyIdOf(value, `authorizedPaas[${index}]`),
          ),
  }
}

/** The JSON form of a declaration. */
export function declarationToJson(declaration: CertificationDeclaration): JsonObject {
  const { dacOrigin, authorizedPaas, productIds, vendorId, ...others } = declaration
  return {
    ...others,
    vendorId: idText(vendorId),
    productIds: productIds.map(idText),
    ...(dacOrigin !== undefined && {
      dacOrigin: { vendorId: idText(dacOrigin.vendorId), productId: idText(dacOrigin.productId) },
    }),
    ...(authorizedPaas !== undefined && { authorizedPaas: authorizedPaas.map(toHexUpper) }),
  }
}

/** The values of a declaration as lines for people. */
export function declarationLines(declaration: CertificationDeclaration): readonly string[] {
  const { dacOrigin, authorizedPaas } = declaration
  const typeNames = [...certificationTypes.keys()]
  const type = declaration.certificationType
  const rows: readonly (readonly [string, string])[] = [
    ['format version', String(declaration.formatVersion)],
    ['vendor id', idText(declaration.vendorId)],
    ['product ids', declaration.productIds.map(idText).join(' ')],
    ['device type id', idText(declaration.deviceTypeId)],
    ['certificate id', quoted(declaration.certificateId)],
    ['security level', String(declaration.securityLevel)],
    ['security information', String(declaration.securityInformation)],
    ['version number', String(declaration.versionNumber)],
    ['certification type', `${type} (${typeNames[type] ?? 'reserved'})`],
    ...(dacOrigin === undefined
      ? []
      : [['DAC origin', `${idText(dacOrigin.vendorId)} ${idText(dacOrigin.productId)}`] as const]),
    ...(authorizedPaas ?? []).map((keyId) => ['authorised PAA', toHexUpper(keyId)] as const),
  ]
  return rows.map(([name, value]) => `${name.padEnd(22)}${value}`)
}

/** `0xFFF1`. */
export function idText(id: number): string {
  return `0x${id.toString(16).toUpperCase().padStart(4, '0')}`
}

/** @throws CliError `CLI_INPUT` */
export function objectOf(json: JsonValue | undefined, place: string): JsonObject {
  if (typeof json === 'object' && json !== null && !isList(json)) return json
  throw wrong(place, 'is not an object')
}

function listOf(json: JsonValue | undefined, place: string): readonly JsonValue[] {
  if (json !== undefined && isList(json)) return json
  throw wrong(place, json === undefined ? 'is missing' : 'is not a list')
}

function isList(json: JsonValue): json is readonly JsonValue[] {
  return Array.isArray(json)
}

function textOf(json: JsonValue | undefined, place: string): string {
  if (typeof json === 'string') return json
  throw wrong(place, json === undefined ? 'is missing' : 'is not a text')
}

function numberOf(json: JsonValue | undefined, place: string, most: number): number {
  const value =
    typeof json === 'string' && /^(?:0x[0-9a-f]+|\d+)$/i.test(json) ? Number(json) : json
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) {
    return value
  }
  throw wrong(place, json === undefined ? 'is missing' : `is not a number of 0 to ${most}`)
}

function certificationTypeOf(json: JsonValue): number {
  const named = typeof json === 'string' ? certificationTypes.get(json) : undefined
  return named ?? numberOf(json, 'certificationType', 0xff)
}

function originOf(json: JsonValue): { readonly vendorId: number; readonly productId: number } {
  const members = objectOf(json, 'dacOrigin')
  return {
    vendorId: numberOf(members['vendorId'], 'dacOrigin.vendorId', 0xffff),
    productId: numberOf(members['productId'], 'dacOrigin.productId', 0xffff),
  }
}

function keyIdOf(json: JsonValue, place: string): Uint8Array {
  try {
    return fromHex(textOf(json, place), place)
  } catch (cause) {
    if (!isKeylineError(cause)) throw cause
    throw wrong(place, 'is not hexadecimal')
  }
}

function wrong(place: string, what: string): CliError {
  return new CliError('CLI_INPUT', `${place} ${what}`)
}
