import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { sign } from 'node:crypto'
import { encodeUtf8, Secret, systemClock, systemRandom } from '@keyline/bytes'
import { generateP256, keyPairSigner, type P256KeyPair, type Signer } from '@keyline/crypto'
import {
  buildDac,
  certifyPaa,
  certifyPai,
  connectSigner,
  FileSigner,
  guardedSigner,
  makePkcs11Key,
  pkiFiles,
  readPai,
} from '@keyline/issuer'
import { parseCertificate } from '@keyline/x509'
import { TestToken } from '../test/support/softhsm.ts'
import { rateFigure, type Benchmark, type Figure } from './framework.ts'

const vendorId = 0xfff1
const notBefore = new Date(Date.UTC(2026, 0, 1))
/** As many as an issuer has open at a time when a line is busy. */
const inFlight = 64
const passphrase = 'for the benchmark'

/** Signatures a second of every holder of a PAI key, against `sign` of the runtime over the same octets. */
export const signerBenchmark: Benchmark = {
  name: 'signer',
  title: 'holders of a PAI key against the bare signature',
  async *measure() {
    const pair = generateP256()
    const { pai, paa } = await authorityOf(pair)
    const toBeSigned = await certificateToSign(pair, pai)
    const bare = (): unknown => sign('sha256', toBeSigned, pair.handle)
    const compare = (figure: string, signer: Signer): Promise<Figure> =>
      rateFigure({ figure, work: () => signer.sign(toBeSigned), bare })
    const compareMany = async (figure: string, signer: Signer): Promise<Figure> =>
      perSignature(
        await rateFigure({
          figure,
          work: () => Promise.all(Array.from({ length: inFlight }, () => signer.sign(toBeSigned))),
          bare: () => Array.from({ length: inFlight }, bare),
        }),
      )

    yield compare('file', new FileSigner(keyPairSigner(pair)))
    {
      using token = new TestToken()
      const asked = { key: token.key('pai'), pin: token.pin, random: systemRandom }
      const { signer } = await makePkcs11Key(asked)
      yield compare('SoftHSM, one at a time', signer)
      yield compareMany(`SoftHSM, ${inFlight} in flight`, signer)
      const guarded = guardedSigner({ signer, clock: systemClock, timeoutMs: 10_000 })
      yield compareMany(`SoftHSM, ${inFlight} in flight, each verified`, guarded)
      await signer.close()
    }
    const running = await startSigner({ pair, pai, paa })
    try {
      const signer = await connectSigner({ address: running.address })
      yield compare('process, one at a time, counted on the disk', signer)
      yield compareMany(`process, ${inFlight} in flight, counted on the disk`, signer)
      await signer.close()
    } finally {
      await running.end()
    }
  },
}

/** A batch counts for as many as it has. */
function perSignature(figure: Figure): Figure {
  const { value, ceiling = 0 } = figure
  return { ...figure, value: value * inFlight, ceiling: ceiling * inFlight }
}

interface Authority {
  readonly paa: Uint8Array
  readonly pai: Uint8Array
}

async function authorityOf({ publicKey }: P256KeyPair): Promise<Authority> {
  const common = { vendorId, notBefore, random: systemRandom }
  const signer = keyPairSigner(generateP256())
  const paa = await certifyPaa({ ...common, signer })
  return { paa, pai: await certifyPai({ ...common, publicKey, paa: { certificate: paa, signer } }) }
}

/** All of a device certificate but its signature. */
async function certificateToSign(pair: P256KeyPair, pai: Uint8Array): Promise<Uint8Array> {
  const certificate = await buildDac({
    pai: readPai(pai),
    signer: keyPairSigner(pair),
    publicKey: generateP256().publicKey,
    serialNumber: systemRandom.bytes(8).fill(1, 0, 1),
    commonName: 'Bench DAC 1',
    vendorId,
    productId: 0x8004,
    notBefore,
    notAfter: new Date(Date.UTC(2036, 0, 1)),
    now: notBefore,
  })
  return parseCertificate(certificate).tbs
}

/** The command `keyline signer` over a key in a file. */
async function startSigner(
  authority: Authority & { readonly pair: P256KeyPair },
): Promise<{ readonly address: string; readonly end: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'keyline-bench-'))
  const { pair, paa, pai } = authority
  const files = await pkiFiles({
    pki: { paa: { certificate: paa }, pai: { certificate: pai, keyPair: pair } },
    passphrase: new Secret(encodeUtf8(passphrase)),
    random: systemRandom,
  })
  for (const { name, content } of files) writeFileSync(join(folder, name), content)
  const passphraseFile = join(folder, 'passphrase')
  writeFileSync(passphraseFile, passphrase)
  const address = `unix:${join(folder, 'run', 'pai.sock')}`
  const program = resolve(import.meta.dirname, '../packages/cli/bin/keyline.js')
  const args = ['signer', '--listen', address, '--pki', folder, '--passphrase-file', passphraseFile]
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return {
    address,
    end: async () => {
      child.kill('SIGTERM')
      await once(child, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}
