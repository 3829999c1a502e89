import { toHex } from '@keyline/bytes'
import { keyPairSigner } from '@keyline/crypto'
import {
  buildDeclaration,
  declarationSigner,
  encodeDeclarationContent,
  verifyDeclaration,
  type DeclarationSigner,
} from '@keyline/matter'
import { buildCertificate, noExpiry, pemEncode, subjectKeyIdentifier } from '@keyline/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Draw } from '../support/draw.ts'
import { Openssl } from '../support/openssl.ts'
import { scaled, testSeed } from '../support/scale.ts'
import { drawNamedKey, type NamedKey } from './support/drawn-certificate.ts'
import { drawDeclaration } from './support/drawn-declaration.ts'
import { shown } from './support/fields.ts'
import { inParallel } from './support/in-parallel.ts'

/** Each is a process of its own; `matter-declarations` compares the contents in greater number. */
const cases = scaled(100, 10_000)
const processes = 2

describe(`${cases} declarations, drawn with seed ${testSeed},`, () => {
  let openssl: Openssl
  let key: NamedKey
  let signer: DeclarationSigner

  beforeAll(async () => {
    openssl = new Openssl()
    key = drawNamedKey(new Draw(`signer ${testSeed}`))
    const { keyPair, keyId, subject } = key
    const certificate = await buildCertificate({
      serialNumber: Uint8Array.of(1),
      issuer: subject,
      subject,
      notBefore: new Date('2020-01-01T00:00:00Z'),
      notAfter: noExpiry,
      publicKey: keyPair.publicKey,
      extensions: [subjectKeyIdentifier(keyId)],
      signer: keyPairSigner(keyPair),
    })
    signer = declarationSigner(certificate, 'test', 'drawn signer')
    openssl.write('signer.pem', pemEncode('CERTIFICATE', certificate))
    openssl.write('signer.key', keyPair.handle.export({ format: 'pem', type: 'pkcs8' }).toString())
  })

  afterAll(() => openssl[Symbol.dispose]())

  it('verify in openssl when we signed them, and give their content', async () => {
    const draw = new Draw(`our declarations ${testSeed}`)
    const declarations = Array.from({ length: cases }, () => drawDeclaration(draw))
    const problems = await inParallel(declarations, processes, async (declaration, index) => {
      const der = await sign(declaration)
      const content = await openedByOpenssl(der, index)
      const wanted = toHex(encodeDeclarationContent(declaration))
      return content === wanted ? [] : [`seed ${testSeed}, case ${index}: ${content}`]
    })
    expect(shown(problems.flat())).toEqual([])
  })

  it('verify here when openssl signed them, and give their content', async () => {
    const draw = new Draw(`their declarations ${testSeed}`)
    const declarations = Array.from({ length: cases }, () => drawDeclaration(draw))
    const problems = await inParallel(declarations, processes, async (declaration, index) => {
      const der = await signedByOpenssl(encodeDeclarationContent(declaration), index)
      const result = verifyDeclaration(der, { policy: 'test', signers: [signer] })
      if (!result.ok) return [`seed ${testSeed}, case ${index}: ${result.check} ${result.message}`]
      const read = toHex(encodeDeclarationContent(result.declaration))
      const wanted = toHex(encodeDeclarationContent(declaration))
      return read === wanted ? [] : [`seed ${testSeed}, case ${index}: the content is ${read}`]
    })
    expect(shown(problems.flat())).toEqual([])
  })

  it('are refused by both when the content was changed behind the signature', async () => {
    const declaration = drawDeclaration(new Draw(`control ${testSeed}`))
    const der = await sign({ ...declaration, certificateId: 'CSA00000SWC00000-00' })
    const text = Buffer.from(der).toString('latin1')
    const changed = Uint8Array.from(
      Buffer.from(text.replace('CSA00000SWC00000-00', 'CSA00000SWC00000-01'), 'latin1'),
    )
    expect(await openedByOpenssl(changed, 0)).toContain('Verification failure')
    const result = verifyDeclaration(changed, { policy: 'test', signers: [signer] })
    expect(result).toMatchObject({ ok: false, check: 'ATT-18' })
  })

  function sign(declaration: Parameters<typeof encodeDeclarationContent>[0]): Promise<Uint8Array> {
    return buildDeclaration({
      declaration,
      signer: keyPairSigner(key.keyPair),
      signerKeyId: key.keyId,
    })
  }

  /** The content in hexadecimal, or why openssl does not give it. */
  async function openedByOpenssl(der: Uint8Array, index: number): Promise<string> {
    openssl.write(`${index}.p7`, der)
    const input = ['-inform', 'DER', '-in', `${index}.p7`, '-binary', '-out', `${index}.out`]
    const trust = ['-nointern', '-noverify', '-certfile', 'signer.pem']
    const { status, stderr } = await openssl.run(['cms', '-verify', ...input, ...trust])
    return status === 0 ? toHex(openssl.read(`${index}.out`)) : stderr
  }

  async function signedByOpenssl(content: Uint8Array, index: number): Promise<Uint8Array> {
    openssl.write(`${index}.tlv`, content)
    const by = ['-signer', 'signer.pem', '-inkey', 'signer.key', '-keyid']
    const form = ['-noattr', '-nocerts', '-nodetach', '-binary', '-md', 'sha256']
    const files = ['-in', `${index}.tlv`, '-outform', 'DER', '-out', `${index}.der`]
    await openssl.output(['cms', '-sign', ...by, ...form, ...files])
    return openssl.read(`${index}.der`)
  }
})
