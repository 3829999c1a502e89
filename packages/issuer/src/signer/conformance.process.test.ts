import { encodeUtf8, Secret, systemRandom } from '@keyline/bytes'
import { generateP256, verifyP256Der, type Signer } from '@keyline/crypto'
import {
  encryptPkcs8,
  isCrlSignedBy,
  isEcdsaSignature,
  parseCertificate,
  parseCrl,
} from '@keyline/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scaled } from '../../../../test/support/scale.ts'
import { modulesAtHand, TestToken } from '../../../../test/support/softhsm.ts'
import { served } from '../testing/served-signer.ts'
import { authorityFor, dacBy, isIssued, listBy } from '../testing/test-authority.ts'
import { openFileSigner } from './file-signer.ts'
import { custodyOf, type HeldSigner, type KeyCustody } from './held-signer.ts'
import { makePkcs11Key } from './pkcs11-signer.ts'
import { connectSigner } from './signer-client.ts'

interface OpenedSigner {
  readonly signer: Signer
  readonly pai: Uint8Array
  /** Ends what stands around the signer. */
  readonly end: () => Promise<void>
}

interface Implementation {
  readonly name: string
  readonly custody: KeyCustody
  readonly open: () => Promise<OpenedSigner>
}

async function openFile(): Promise<OpenedSigner> {
  const passphrase = new Secret(encodeUtf8('a passphrase of the test'))
  const pem = await encryptPkcs8(generateP256(), passphrase, { iterations: 1000 })
  const signer = openFileSigner({ pem, passphrase })
  const { pai } = await authorityFor(signer.publicKey)
  return { signer, pai, end: () => Promise.resolve() }
}

async function openModule(): Promise<OpenedSigner> {
  const token = new TestToken()
  const asked = { key: token.key('pai'), pin: token.pin, random: systemRandom }
  const { signer } = await makePkcs11Key(asked)
  const { pai } = await authorityFor(signer.publicKey)
  return { signer, pai, end: async () => token[Symbol.dispose]() }
}

/** The signer process without its process: the socket is the same. */
function behindSocket(open: () => Promise<OpenedSigner>): () => Promise<OpenedSigner> {
  return async () => {
    const held = await open()
    const server = await served(held.signer, held.pai)
    return {
      signer: await connectSigner({ address: server.address }),
      pai: held.pai,
      end: async () => {
        await server.close()
        if (isHeld(held.signer)) await held.signer.close()
        await held.end()
      },
    }
  }
}

const isHeld = (signer: Signer): signer is HeldSigner => 'close' in signer

const implementations: readonly Implementation[] = [
  { name: 'in a file', custody: 'file', open: openFile },
  { name: 'behind a socket', custody: 'file', open: behindSocket(openFile) },
  ...modulesAtHand().flatMap(({ module }) => [
    { name: `in ${module}`, custody: 'module' as const, open: openModule },
    {
      name: `in ${module} behind a socket`,
      custody: 'module' as const,
      open: behindSocket(openModule),
    },
  ]),
]

describe.each(implementations)('a signer with its key $name', ({ custody, open }) => {
  let opened: OpenedSigner
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(async () => {
    if (isHeld(opened.signer)) await opened.signer.close()
    await opened.end()
  })

  it('signs device certificates that the runtime verifies', async () => {
    const { signer, pai } = opened
    expect(parseCertificate(pai).publicPoint).toEqual(signer.publicKey.point)
    for (let count = 0; count < 8; count++) {
      const dac = await dacBy(signer, pai)
      expect(isIssued(dac, pai)).toBe(true)
      // r and s are shorter than 32 octets or have their high bit set as chance will have it.
      expect(isEcdsaSignature(parseCertificate(dac).signature.octets)).toBe(true)
    }
  })

  it('signs many at once, each its own', async () => {
    const { signer, pai } = opened
    const dacs = await Promise.all(
      Array.from({ length: scaled(64, 2000) }, () => dacBy(signer, pai)),
    )
    expect(dacs.every((dac) => isIssued(dac, pai))).toBe(true)
    expect(new Set(dacs.map((dac) => parseCertificate(dac).serialNumber.join())).size).toBe(
      dacs.length,
    )
  })

  it('signs lists, also long ones, and a probe', async () => {
    const { signer, pai } = opened
    for (const size of [0, 1, 5000]) {
      const list = parseCrl(await listBy(signer, pai, size))
      expect(list.size).toBe(size)
      expect(isCrlSignedBy(list, signer.publicKey)).toBe(true)
    }
    const message = systemRandom.bytes(32)
    const signature = await signer.sign(message)
    expect(verifyP256Der({ publicKey: signer.publicKey, message, signature })).toBe(true)
  })

  it('does not keep or change what it signs', async () => {
    const { signer } = opened
    const message = new Uint8Array(32).fill(7)
    const asked = signer.sign(message)
    expect(message).toEqual(new Uint8Array(32).fill(7))
    const signature = await asked
    expect(verifyP256Der({ publicKey: signer.publicKey, message, signature })).toBe(true)
  })

  it('says where its key rests, and shows nothing of it', () => {
    const { signer } = opened
    expect(custodyOf(signer)).toBe(custody)
    expect(JSON.stringify(signer)).not.toMatch(/PRIVATE|"pin"|passphrase/i)
  })
})

describe.each(implementations.filter(({ name }) => name !== 'in a file'))(
  'a signer with its key $name, closed',
  ({ open }) => {
    it('signs nothing more, and can be closed twice', async () => {
      const { signer, end } = await open()
      if (!isHeld(signer)) throw new Error('it holds nothing')
      await signer.close()
      await signer.close()
      await expect(signer.sign(new Uint8Array(32))).rejects.toMatchObject({
        code: 'ISSUER_SIGNER_FAILED',
      })
      await end()
    })
  },
)
