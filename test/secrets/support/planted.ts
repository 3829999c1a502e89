import { p256FromEncoded, p256ScalarOf } from '@keyline/crypto'
import type { OpenStation } from '@keyline/cli/wiring'
import type { WorkOrder } from '@keyline/ledger/records'
import { flashesBelow } from './board-flash.ts'
import { secretOctets, secretPasscode, type PlantedSecret } from './secret.ts'

/** Every secret that the station, its ledger and its boards hold for some orders. */
export async function secretsOf(
  { ledger, home, storeKey }: OpenStation,
  orders: readonly string[],
): Promise<readonly PlantedSecret[]> {
  const secrets = [secretOctets('store key', Uint8Array.from(storeKey.reveal()))]
  const manifestKey = await ledger.setting('manifest-key')
  if (manifestKey !== undefined) {
    const pair = p256FromEncoded({ octets: manifestKey.reveal() })
    secrets.push(secretOctets('manifest key', p256ScalarOf(pair).reveal()))
  }
  const passphrase = await ledger.setting('demo-pki-passphrase')
  if (passphrase !== undefined) {
    secrets.push(secretOctets('passphrase of the demo', passphrase.reveal()))
  }
  const unitOnBoard = new Map<string, string>()
  for (const id of orders) {
    const order = await ledger.workOrder(id)
    if (order === undefined || order.platform === 'u3') {
      throw new Error(`the ledger has no order ${id} of Matter devices`)
    }
    // Boards without Matter have no product: nothing secret of them is in the ledger.
    if (!('product' in order)) continue
    for (const { unit } of await ledger.unitsOf(id)) {
      if (unit.boardUid !== undefined) unitOnBoard.set(unit.boardUid, unit.serialNumber)
      const revealed = await ledger.reveal(unit.id)
      secrets.push(...unitSecrets(unit.serialNumber, { ...order.product, ...revealed }))
    }
  }
  for (const { board, data } of flashesBelow(home.benchFolder)) {
    if (data.dacPrivateKey === undefined) continue
    const unit = unitOnBoard.get(board)
    secrets.push(secretOctets('DAC private key', data.dacPrivateKey.reveal(), unit))
  }
  return secrets
}

type RevealedUnit = WorkOrder['product'] & Awaited<ReturnType<OpenStation['ledger']['reveal']>>

function unitSecrets(unit: string, revealed: RevealedUnit): readonly PlantedSecret[] {
  const { salt, verifier } = revealed
  return [
    secretPasscode({ ...revealed, unit }),
    secretOctets('salt', salt, unit),
    secretOctets('verifier', verifier, unit),
    secretOctets('w0', verifier.subarray(0, 32), unit),
    secretOctets('L', verifier.subarray(33), unit),
  ]
}
