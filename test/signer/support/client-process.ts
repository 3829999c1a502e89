import { systemRandom } from '@keyline/bytes'
import { connectSigner } from '@keyline/issuer'
import { dacBy, isIssued } from '../../../packages/issuer/src/testing/test-authority.ts'

/** Issues certificates through a signer process until it is ended: told a number, it answers how many were good. */
const [address = '', paiHex = ''] = process.argv.slice(2)
const pai = Uint8Array.from(Buffer.from(paiHex, 'hex'))
const signer = await connectSigner({ address })

process.on('message', (count) => {
  void issue(Number(count)).then((good) => process.send?.(good))
})
process.send?.(systemRandom.bytes(1).length)

async function issue(count: number): Promise<number> {
  const dacs = await Promise.allSettled(Array.from({ length: count }, () => dacBy(signer, pai)))
  return dacs.filter((dac) => dac.status === 'fulfilled' && isIssued(dac.value, pai)).length
}
