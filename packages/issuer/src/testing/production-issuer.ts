import { systemClock, systemRandom } from '@keyline/bytes'
import { generateP256, keyPairSigner, type Signer } from '@keyline/crypto'
import { createLocalIssuer, type LocalIssuer } from '../issue/local-issuer.ts'
import { certifyPaa, certifyPai } from '../pki/create-pki.ts'

const vendorId = 0x1234

/** An issuer under the policy `production` for a vendor that is no test vendor. It is never asked for a certificate. */
export async function productionIssuer(signer: Signer): Promise<LocalIssuer> {
  const common = { vendorId, notBefore: new Date('2026-01-01T00:00:00Z'), random: systemRandom }
  const paaSigner = keyPairSigner(generateP256())
  const paa = await certifyPaa({ ...common, signer: paaSigner })
  const { publicKey } = signer
  const pai = await certifyPai({
    ...common,
    publicKey,
    paa: { certificate: paa, signer: paaSigner },
  })
  return createLocalIssuer({
    store: { prospect: never, record: never },
    signer,
    paa,
    pai,
    policy: 'production',
    clock: systemClock,
    random: systemRandom,
  })
}

function never(): never {
  throw new Error('nobody asks')
}
