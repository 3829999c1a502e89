import { generateP256, p256FromEncoded, p256ToPkcs8, type P256KeyPair } from '@keyline/crypto'
import type { Ledger } from '@keyline/ledger'

const settingName = 'manifest-key'

/** The key that signs batch manifests. It is made at the first batch and rests sealed in the ledger. */
export async function manifestKey(ledger: Ledger): Promise<P256KeyPair> {
  const sealed = await ledger.setting(settingName)
  if (sealed !== undefined) return p256FromEncoded({ octets: sealed.reveal() })
  const pair = generateP256()
  await ledger.setSetting(settingName, p256ToPkcs8(pair))
  return pair
}
