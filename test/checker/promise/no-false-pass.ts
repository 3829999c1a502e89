import { createECDH } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { numberOf, RecordTag, type BoardFlash } from '../output/board-flash.ts'
import { isIssued, readCertificate } from '../output/certificate.ts'
import { applicationAddress, evidenceKinds, keyPlace } from './platform.ts'
import type { CertificateRow, OrderRow, UnitRow } from '../output/ledger-file.ts'
import { isSame, sha256Hex } from '../output/octets.ts'
import { orderDocument, type OrderDocument, type Outputs } from '../output/outputs.ts'
import type { Violation } from '../violation.ts'

const VerdictDocument = z.object({
  verdict: z.string(),
  evidence: z.array(z.object({ kind: z.string(), ok: z.boolean() })),
})

/** P3: PASS exists only with the complete evidence, and the board holds exactly what the ledger says. */
export function checkNoFalsePass(outputs: Outputs): readonly Violation[] {
  const { units, verdicts, orders } = outputs.ledger
  return verdicts
    .filter((row) => row.verdict === 'PASS')
    .flatMap((row) => {
      const unit = units.find(({ id }) => id === row.unit_id)
      const order = orders.find(({ id }) => id === unit?.order_id)
      const messages =
        unit === undefined || order === undefined
          ? ['the ledger has no such unit']
          : [
              ...checkEvidence(row.document, orderDocument(order)),
              ...checkDevice(outputs, unit, order),
            ]
      return messages.map((message): Violation => ({
        promise: 'P3',
        place: `unit ${unit?.serial_number ?? row.unit_id}`,
        message,
      }))
    })
}

function checkEvidence(text: string, document: OrderDocument): readonly string[] {
  const { verdict, evidence } = VerdictDocument.parse(JSON.parse(text))
  const missing = evidenceKinds(document).filter(
    (kind) => !evidence.some((piece) => piece.kind === kind),
  )
  const wrong = evidence.filter((piece) => !piece.ok).map((piece) => piece.kind)
  return [
    ...(verdict === 'PASS' ? [] : [`its document says ${verdict}`]),
    ...(missing.length === 0 ? [] : [`PASS without evidence of ${missing.join(', ')}`]),
    ...(wrong.length === 0 ? [] : [`PASS with wrong evidence of ${wrong.join(', ')}`]),
  ]
}

function checkDevice(outputs: Outputs, unit: UnitRow, order: OrderRow): readonly string[] {
  const board = outputs.boards.find(({ uid }) => uid === unit.board_uid)
  if (board === undefined) return [`its board ${unit.board_uid} does not exist`]
  const live = outputs.ledger.certificates.filter(
    (row) => row.unit_id === unit.id && row.state === 'live',
  )
  const document = orderDocument(order)
  const { factoryDataAddress } = document
  const [certificate] = live
  if (factoryDataAddress === undefined) {
    const isMade = unit.state === 'decided' && unit.live === 1 && live.length === 0
    return [
      ...(isMade ? [] : ['the ledger does not keep it as made']),
      ...checkFirmware(board, document),
    ]
  }
  if (certificate === undefined || live.length > 1)
    return [`it has ${live.length} live certificates`]
  if (unit.state !== 'decided' || unit.live !== 1) return ['the ledger does not keep it as made']
  const records = board.records(factoryDataAddress)
  const authorities = outputs.results.get(order.id)
  return [
    ...checkCredentials({ records, certificate, ...authorities }),
    ...checkKey({ board, records, certificate, document }),
    ...checkIdentity({ records, unit, document }),
    ...checkFirmware(board, document),
  ]
}

interface CredentialsInput {
  readonly records: ReadonlyMap<number, Uint8Array>
  readonly certificate: CertificateRow
  readonly pai?: Uint8Array | undefined
  readonly paa?: Uint8Array | undefined
}

function checkCredentials({ records, certificate, pai, paa }: CredentialsInput): readonly string[] {
  const messages: string[] = []
  const dac = certificate.der
  const onBoard = records.get(RecordTag.pai)
  if (!isSame(records.get(RecordTag.dac), certificate.der)) {
    messages.push('its board does not hold the live certificate of the ledger')
  }
  if (onBoard === undefined || !isIssued(dac, onBoard)) {
    messages.push('the PAI on its board has not issued its certificate')
  }
  if (pai !== undefined && !isSame(onBoard, pai)) messages.push('its board holds another PAI')
  if (pai !== undefined && paa !== undefined && !isIssued(pai, paa)) {
    messages.push('the PAA of the results has not issued the PAI')
  }
  if (!isSame(records.get(RecordTag.publicKey), certifiedPoint(dac))) {
    messages.push('the public key on its board is not that of the certificate')
  }
  return messages
}

interface KeyInput {
  readonly board: BoardFlash
  readonly records: ReadonlyMap<number, Uint8Array>
  readonly certificate: CertificateRow
  readonly document: OrderDocument
}

/** The private key stands where provisioning-station section 9.4 puts it, and in readable flash nowhere else. */
function checkKey({ board, records, certificate, document }: KeyInput): readonly string[] {
  const point = certifiedPoint(certificate.der)
  const inFlash = records.get(RecordTag.privateKey)
  const wrong = 'the private key on its board is not that of the certificate'
  const place = keyPlace(document)
  if (place === 'flash') {
    return inFlash !== undefined && isSame(pointOf(inFlash), point) ? [] : [wrong]
  }
  const isStored = board.customerKeys.some((scalar) => isSame(pointOf(scalar), point))
  return [
    ...(place === 'customer-key-storage' && !isStored ? [wrong] : []),
    ...(inFlash === undefined ? [] : ['the private key stands in the readable flash of its board']),
  ]
}

function certifiedPoint(certificate: Uint8Array): Uint8Array {
  return readCertificate(certificate).spki.subarray(-65)
}

function pointOf(scalar: Uint8Array): Uint8Array {
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(scalar)
  return pair.getPublicKey()
}

interface IdentityInput {
  readonly records: ReadonlyMap<number, Uint8Array>
  readonly unit: UnitRow
  readonly document: OrderDocument
}

function checkIdentity({ records, unit, document }: IdentityInput): readonly string[] {
  const { vendorId, productId } = document.product ?? {}
  const serialNumber = Buffer.from(records.get(RecordTag.serialNumber) ?? []).toString('utf8')
  const missing = (['salt', 'verifier', 'discriminator', 'passcode'] as const).filter(
    (name) => !records.has(RecordTag[name]),
  )
  return [
    ...(serialNumber === unit.serial_number ? [] : [`its board says it is "${serialNumber}"`]),
    ...(numberOf(records.get(RecordTag.vendorId)) === vendorId ? [] : ['its vendor id is wrong']),
    ...(numberOf(records.get(RecordTag.productId)) === productId
      ? []
      : ['its product id is wrong']),
    ...missing.map((name) => `its board has no ${name}`),
  ]
}

function checkFirmware(board: BoardFlash, document: OrderDocument): readonly string[] {
  const { file, sha256 } = document.images.application
  const wanted = readFileSync(file)
  if (sha256Hex(wanted) !== sha256) return [`${file} is not the application of the order`]
  const isThere = sha256Hex(board.read(applicationAddress(document), wanted.length)) === sha256
  return isThere ? [] : ['its board does not hold the application of the order']
}
