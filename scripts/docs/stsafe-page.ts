import { toHexUpper } from '@keyline/bytes'
import {
  accessTableCodes,
  ccmCounter,
  commandAccessCodes,
  commandTable,
  curves,
  envelopeKeyCodes,
  Form,
  hashes,
  hostKeyTypeCodes,
  isExtended,
  keyModeCodes,
  keyTypeCodes,
  lifeCycleCodes,
  lockCodes,
  statusTable,
  zoneAccessCodes,
  zoneTypeCodes,
  type AnyForm,
  type CommandEntry,
  type Curve,
} from '@keyline/stsafe/layout'
import { table } from './markdown.ts'

const intro = `# Commands of the STSAFE-A120

This page is made from the layouts that host and simulator work with: \`npm run docs\`. \`keyline stsafe decode\` names the fields of a recording by the same ones.

A command is \`code ‖ selector ‖ request\`, an answer \`status ‖ length u16 ‖ response\`; both end with a CRC-16. Numbers are big-endian.`

const fieldNotations: ReadonlyArray<readonly [notation: string, octets: string]> = [
  ['`u8`, `u16`, `u24`, `u32`', '1, 2, 3, 4'],
  ['`u8 <7 name, 2..0 name>`', 'bits of a number, the lowest is 0; those without a name are 0'],
  ['`{n}`, `{n..m}`', 'exactly n; n to m, up to the end of the frame'],
  ['`{..}`', 'any number, up to the end of the frame'],
  ['`lv`, `lv( … )`', 'a length as `u16` (in Verify MAC and product data as `u8`), then as many'],
  ['`[ … ]`, `( … )*`', 'may be missing; any number of times'],
  ['`curve`, `hash`', '`lv` of an object identifier, see the end of the page'],
  ['`public key`', '`04 ‖ lv(X) ‖ lv(Y)`, or `lv(key)` on the curves 25519'],
  ['`signature`', '`lv(R) ‖ lv(S)`'],
  ['`code`', 'code of a command: one octet, or `1F` and another'],
  ['two digits', 'a constant'],
]

/** Their lengths follow from the request and the key, so no layout of its own tells them. */
const answers = `An answer that is written \`octets\` divides by what the command and its key say. Encrypt: \`ciphertext ‖ tag\`, and after CCM\\* \`${ccmCounter.notation ?? ''}\`; Start encrypt CCM\\* has no tag yet, Finish encrypt has the last ciphertext and the tag. Derive keys: for each output its key, or \`slot u8\` where the chip keeps it.`

const effects = `**Effect**: \`none\` may be asked again; \`volatile\` leaves a context that a reset ends; \`stored\` leads to the same memory when it is repeated; \`once\` does not, so that after a lost answer the chip is asked first. **Time**: what a host waits that does not poll, in milliseconds; 500 stands for "not measured". **Section**: of the specification that this project works from.`

/** The command reference: every form, code, status and identifier that the layouts of the STSAFE-A120 declare. */
export function stsafePage(): string {
  const parts = [
    intro,
    `## How fields are written\n\n${table(['notation', 'octets'], fieldNotations)}`,
    `## Commands\n\n${effects}\n\n${answers}`,
    ...groups.map(({ title, has }) => formsSection(title, has)),
    accessSection(),
    statusSection(),
    codesSection(),
    identifiersSection(),
  ]
  return `${parts.join('\n\n')}\n`
}

interface Group {
  readonly title: string
  readonly has: (code: number) => boolean
}

const { query, putAttribute } = commandTable
const isAttribute = (code: number): boolean => code === query.code || code === putAttribute.code

const groups: readonly Group[] = [
  { title: 'Standard', has: (code) => !isAttribute(code) && !isExtended(code) },
  { title: 'Query', has: (code) => code === query.code },
  { title: 'Put attribute', has: (code) => code === putAttribute.code },
  { title: 'Extended', has: isExtended },
]

function formsSection(title: string, has: Group['has']): string {
  const forms = Object.values<AnyForm>(Form)
    .filter(({ command }) => has(command.code))
    .toSorted((a, b) => a.command.code - b.command.code)
  const rows = forms.map(({ command, name, selector, request, response, section, effect }) => [
    [codeText(command), toHexUpper(selector)].join(' ').trim(),
    escaped(name),
    fieldText(request),
    fieldText(response),
    section,
    String(command.nominalMs),
    effect,
  ])
  const head = ['code', 'name', 'request', 'response', 'section', 'time', 'effect']
  return `### ${title}\n\n${table(head, rows)}`
}

/** `1F0B` → `1F 0B`. */
function codeText({ code }: CommandEntry): string {
  return isExtended(code) ? `1F ${octetText(code & 0xff)}` : octetText(code)
}

function octetText(octet: number): string {
  return octet.toString(16).toUpperCase().padStart(2, '0')
}

/** A field that has the name of its kind is written once. */
function fieldText({ notation = '' }: AnyForm['request']): string {
  const text = notation
    .replaceAll(/\b([a-z]+) \1\b/g, '$1')
    .replaceAll('publicKey public key', 'public key')
    .replaceAll('{0..65535}', '{..}')
  return text === '' ? '–' : `\`${text}\``
}

/** Names have `CCM*` in them. */
function escaped(text: string): string {
  return text.replaceAll('*', String.raw`\*`)
}

function accessSection(): string {
  const rows = Object.values<CommandEntry>(commandTable).map((command) => [
    codeText(command),
    command.title,
    command.inAccessTable ? String(accessTableCodes.indexOf(command.code)) : '–',
    command.transfer,
    String(command.nominalMs),
  ])
  return `## Codes and access conditions

**Access**: place of the code in the command authorization table of the chip, from 0; without one, the command is always free. **Transfer**: \`protectable\` commands carry MACs and are encrypted as that table says, \`raw\` ones never; no call of the host sends the \`unused\` ones.

${table(['code', 'command', 'access', 'transfer', 'time'], rows)}`
}

function statusSection(): string {
  const rows = Object.entries(statusTable).map(([code, { status, meaning, remedy }]) => [
    octetText(status),
    `\`${code}\``,
    meaning,
    remedy,
  ])
  return `## Status\n\n\`00\` is success; bits 7 to 5 of the octet are not looked at.\n\n${table(['status', 'error', 'meaning', 'remedy'], rows)}`
}

function codesSection(): string {
  const tables: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    'access of a command': commandAccessCodes,
    'access of a zone': zoneAccessCodes,
    'type of a zone': zoneTypeCodes,
    'type of a key': keyTypeCodes,
    'mode of a key': keyModeCodes,
    'lock of a key': lockCodes,
    'type of host keys': hostKeyTypeCodes,
    'type of an envelope key': envelopeKeyCodes,
    'life cycle state': lifeCycleCodes,
  }
  const rows = Object.entries(tables).map(([field, codes]) => [
    field,
    Object.entries(codes)
      .map(([name, code]) => `${octetText(code)} ${escaped(name)}`)
      .join(', '),
  ])
  return `## Codes of fields\n\n${table(['field', 'codes'], rows)}`
}

function identifiersSection(): string {
  const curveRows = Object.entries<Curve>(curves).map(([name, curve]) => [
    name,
    `\`${curve.oid}\``,
    ...[curve.publicKey, curve.privateKey, curve.sharedSecret, curve.signature].map(octetsText),
  ])
  const hashRows = Object.entries(hashes).map(([name, { oid, length }]) => [
    name,
    `\`${oid}\``,
    String(length),
  ])
  return `## Curves and hashes

Sizes in octets; keys and signatures as the library takes them, X ‖ Y and R ‖ S.

${table(['curve', 'identifier', 'public key', 'private key', 'shared secret', 'signature'], curveRows)}

${table(['hash', 'identifier', 'digest'], hashRows)}`
}

/** A curve has no shared secret, or no signature. */
function octetsText(length: number): string {
  return length === 0 ? '–' : String(length)
}
