import { createPublicKey, verify } from 'node:crypto'
import { numberOf, RecordTag } from '../output/board-flash.ts'
import { canonicalText } from '../output/chain.ts'
import type { OrderRow, UnitRow } from '../output/ledger-file.ts'
import { isSame } from '../output/octets.ts'
import { readQrText } from '../output/onboarding-code.ts'
import { orderDocument, type Outputs } from '../output/outputs.ts'
import type { Manifest, OrderResults, UnitResults } from '../output/results-folder.ts'
import type { Violation } from '../violation.ts'

/** P3, on paper: what leaves the line with a unit is what ledger and board hold. Complete folders only. */
export function checkResults(outputs: Outputs): readonly Violation[] {
  return [...outputs.results].flatMap(([orderId, results]) => {
    const order = outputs.ledger.orders.find(({ id }) => id === orderId)
    const units = results.units.flatMap((entry) =>
      checkUnit(outputs, entry, order).map((message): Violation => ({
        promise: 'P3',
        place: entry.folder,
        message,
      })),
    )
    const manifest = checkManifest(outputs, results).map((message): Violation => ({
      promise: 'P3',
      place: `manifest of ${orderId}`,
      message,
    }))
    return [...units, ...manifest]
  })
}

function checkUnit(
  outputs: Outputs,
  { passport, chain, onboarding }: UnitResults,
  order: OrderRow | undefined,
): readonly string[] {
  if (passport === undefined) return []
  const { ledger } = outputs
  const unit = ledger.units.find(({ id }) => id === passport.unit)
  const verdict = ledger.verdicts.find((row) => row.unit_id === passport.unit)
  if (unit === undefined || order === undefined) return ['its passport names no unit of the ledger']
  const certificates = ledger.certificates.filter((row) => row.unit_id === unit.id)
  const live = certificates.find((row) => row.state === 'live')
  return [
    ...(verdict?.verdict === 'PASS' ? [] : ['it has a passport without PASS']),
    ...(verdict !== undefined && canonicalText(passport.verdict) === verdict.document
      ? []
      : ['the verdict of its passport is not that of the ledger']),
    ...(passport.serialNumber === unit.serial_number &&
    passport.board === unit.board_uid &&
    passport.order === unit.order_id
      ? []
      : ['its passport names another unit']),
    ...(listed(passport.certificates) === listed(certificates)
      ? []
      : ['the certificates of its passport are not those of the ledger']),
    ...(chain[0] === live?.der || isSame(chain[0], live?.der)
      ? []
      : ['its chain file holds another certificate']),
    ...checkCode(outputs, { unit, order, onboarding }),
  ]
}

function listed(entries: readonly { readonly sha256: string; readonly state: string }[]): string {
  return entries.map(({ sha256, state }) => `${sha256} ${state}`).join()
}

interface CodeInput {
  readonly unit: UnitRow
  readonly order: OrderRow
  readonly onboarding: string
}

function checkCode(outputs: Outputs, { unit, order, onboarding }: CodeInput): readonly string[] {
  const { factoryDataAddress } = orderDocument(order)
  if (factoryDataAddress === undefined) {
    return onboarding === '' ? [] : ['a board without Matter has an onboarding code']
  }
  const fields = readQrText(/MT:\S+/.exec(onboarding)?.[0] ?? '')
  if (fields === undefined) return ['its onboarding code cannot be read']
  const board = outputs.boards.find(({ uid }) => uid === unit.board_uid)
  const records = board?.records(factoryDataAddress)
  const names = ['vendorId', 'productId', 'discriminator', 'passcode'] as const
  return names
    .filter((name) => numberOf(records?.get(RecordTag[name])) !== fields[name])
    .map((name) => `the ${name} of its onboarding code is not that of its board`)
}

function checkManifest(outputs: Outputs, results: OrderResults): readonly string[] {
  const { manifest, manifestBody } = results
  if (manifest === undefined) return []
  return [
    ...(isSigned(manifest, manifestBody) ? [] : ['its signature does not verify']),
    ...manifest.units.flatMap(({ unit, serialNumber, verdict, certificate }) => {
      const known = outputs.ledger.verdicts.find((row) => row.unit_id === unit)?.verdict
      const live = outputs.ledger.certificates.find(
        (row) => row.unit_id === unit && row.state === 'live',
      )
      if (verdict !== 'PASS') return []
      return known === verdict && live?.sha256 === certificate?.sha256
        ? []
        : [`unit ${serialNumber} is not as the ledger has it`]
    }),
  ]
}

function isSigned(manifest: Manifest, body: unknown): boolean {
  const { publicKey, value } = manifest.signature
  const key = createPublicKey({
    key: Buffer.from(publicKey, 'base64'),
    type: 'spki',
    format: 'der',
  })
  return verify(
    'sha256',
    Buffer.from(canonicalText(body), 'utf8'),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(value, 'base64'),
  )
}
