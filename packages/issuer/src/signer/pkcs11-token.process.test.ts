import { renameSync, rmSync } from 'node:fs'
import { encodeUtf8, fromHex, Secret, seededRandom, systemRandom } from '@keyline/bytes'
import { verifyP256Der, type Signer } from '@keyline/crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { softhsmModule } from '../../../../test/support/softhsm-module.ts'
import { modulesAtHand, pkcs11, TestToken } from '../../../../test/support/softhsm.ts'
import { generate, withSession } from '../../../../test/support/token-session.ts'
import { productionIssuer } from '../testing/production-issuer.ts'
import { custodyOf } from './held-signer.ts'
import { openSigner } from './open-signer.ts'
import { makePkcs11Key, openPkcs11Signer, type Pkcs11Signer } from './pkcs11-signer.ts'
import { formatPkcs11Uri, parsePkcs11Uri } from './pkcs11-uri.ts'

const message = encodeUtf8('to be signed')

/** A key whose label and identifier are always the same. */
function makeNamed(token: TestToken): Promise<{ readonly signer: Pkcs11Signer }> {
  const key = token.key('pai', Uint8Array.of(1))
  return makePkcs11Key({ key, pin: token.pin, random: systemRandom })
}

/** Opens a key by the text of its name. */
function openNamed(text: string): Promise<Pkcs11Signer> {
  return openPkcs11Signer({ key: parsePkcs11Uri(text), pin: new Secret(encodeUtf8('1234')) })
}

async function isSigning(signer: Signer): Promise<boolean> {
  const signature = await signer.sign(message)
  return verifyP256Der({ publicKey: signer.publicKey, message, signature })
}

describe.each(modulesAtHand())('a token of $module', () => {
  let token: TestToken
  let signer: Pkcs11Signer | undefined
  beforeEach(() => {
    token = new TestToken()
  })
  afterEach(async () => {
    await signer?.close()
    signer = undefined
    token[Symbol.dispose]()
  })

  const make = async (object = 'pai'): Promise<Pkcs11Signer> => {
    const made = await makePkcs11Key({
      key: token.key(object),
      pin: token.pin,
      random: systemRandom,
    })
    return made.signer
  }

  it('gives a key back by label, by identifier, by slot, and by its whole name', async () => {
    const made = await makePkcs11Key({
      key: token.key('pai'),
      pin: token.pin,
      random: seededRandom('id'),
    })
    signer = made.signer
    const { modulePath } = token
    const { id } = made.key
    const names = [
      token.key('pai'),
      made.key,
      { token: token.label, id, modulePath },
      { manufacturer: 'SoftHSM project', token: token.label, id, modulePath },
    ]
    for (const key of names) {
      const again = await openPkcs11Signer({ key, pin: token.pin })
      expect(again.publicKey.point).toEqual(signer.publicKey.point)
      expect(await isSigning(again)).toBe(true)
      await again.close()
    }
  })

  it('keeps what it made: not extractable, sensitive, and never of another kind', async () => {
    signer = await make()
    expect(signer.custody).toBe('module')
    const flags = withSession(token, (library, session) => {
      library.C_FindObjectsInit(session, [
        { type: pkcs11().CKA_CLASS, value: pkcs11().CKO_PRIVATE_KEY },
      ])
      const [key] = library.C_FindObjects(session, 2)
      library.C_FindObjectsFinal(session)
      if (key === undefined) throw new Error('there is no key')
      const asked = [
        pkcs11().CKA_SENSITIVE,
        pkcs11().CKA_ALWAYS_SENSITIVE,
        pkcs11().CKA_EXTRACTABLE,
        pkcs11().CKA_NEVER_EXTRACTABLE,
        pkcs11().CKA_LOCAL,
      ].map((type) => ({ type }))
      const values = library.C_GetAttributeValue(session, key, asked)
      const readScalar = (): unknown =>
        library.C_GetAttributeValue(session, key, [{ type: pkcs11().CKA_VALUE }])
      expect(readScalar).toThrow('CKR_ATTRIBUTE_SENSITIVE')
      return values.map(({ value }) => (Buffer.isBuffer(value) ? value[0] : undefined))
    })
    expect(flags).toEqual([1, 1, 0, 1, 1])
  })

  it('that was pulled out fails with a code of its own, and signs again when it is back', async () => {
    signer = await make()
    expect(await isSigning(signer)).toBe(true)
    const away = `${token.tokens}.away`
    renameSync(token.tokens, away)
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(signer.sign(message)).rejects.toMatchObject({
        code: 'ISSUER_SIGNER_FAILED',
        fault: 'infrastructure',
        retryable: true,
      })
    }
    renameSync(away, token.tokens)
    expect(await isSigning(signer)).toBe(true)
  })

  it('that lost its sessions is opened again without anyone noticing, by many at once', async () => {
    const lost = await make()
    signer = lost
    withSession(token, (library, _, slot) => library.C_CloseAllSessions(slot))
    const signed = await Promise.all(Array.from({ length: 20 }, () => isSigning(lost)))
    expect(signed).toEqual(signed.map(() => true))
  })

  it('that comes back with another key of the same name signs nothing', async () => {
    const made = await makeNamed(token)
    signer = made.signer
    const away = `${token.tokens}.away`
    renameSync(token.tokens, away)
    await expect(signer.sign(message)).rejects.toMatchObject({ code: 'ISSUER_SIGNER_FAILED' })
    const other = new TestToken(token.label)
    const { signer: foreign } = await makeNamed(other)
    await foreign.close()
    renameSync(other.tokens, token.tokens)
    other[Symbol.dispose]()
    await expect(signer.sign(message)).rejects.toMatchObject({
      code: 'ISSUER_SIGNER_FAILED',
      message: expect.stringContaining('another key') as string,
    })
    rmSync(token.tokens, { recursive: true })
    renameSync(away, token.tokens)
    expect(await isSigning(signer)).toBe(true)
  })

  it('lets no more than 4096 signatures wait, and closed in between leaves none of them open', async () => {
    const busy = await make()
    const asked = Array.from({ length: 4100 }, () => busy.sign(message))
    const closed = busy.close()
    const ends = await Promise.allSettled(asked)
    await closed
    const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
    expect(refused.length).toBeGreaterThanOrEqual(4098)
    for (const error of refused) expect(error).toMatchObject({ code: 'ISSUER_SIGNER_FAILED' })
    const full = refused.filter(({ message: text }: Error) => text.includes('4096 signatures wait'))
    // Two are with the module.
    expect(full).toHaveLength(2)
  })

  it('is not tried with a wrong PIN twice', async () => {
    await (await make()).close()
    const pin = new Secret(encodeUtf8('9999-wrong'))
    const opened = openPkcs11Signer({ key: token.key('pai'), pin })
    await expect(opened).rejects.toMatchObject({ code: 'ISSUER_PIN', fault: 'operator' })
    await expect(opened).rejects.not.toThrow(/9999/)
    const flags = withSession(token, (library, _, slot) => library.C_GetTokenInfo(slot).flags)
    expect(flags & pkcs11().CKF_USER_PIN_FINAL_TRY).toBe(0)
  })

  it.each([
    ['a key that is not there', { object: 'none' }, 'no private EC key named "none"'],
    ['an identifier that is not there', { object: 'pai', id: Uint8Array.of(9) }, 'no private EC'],
    ['a token that is not there', { object: 'pai', token: 'other' }, 'no token'],
    ['a serial number that is not there', { object: 'pai', serial: '0' }, 'no token'],
    ['a slot that is not there', { object: 'pai', slotId: 77 }, 'no token'],
  ])('is refused for %s', async (_, name, text) => {
    signer = await make()
    const key = { token: token.label, modulePath: token.modulePath, ...name }
    await expect(openPkcs11Signer({ key, pin: token.pin })).rejects.toMatchObject({
      code: 'ISSUER_TOKEN',
      message: expect.stringContaining(text) as string,
    })
  })

  it('gets no second key of the same label or identifier', async () => {
    const made = await makePkcs11Key({
      key: token.key('pai', Uint8Array.of(1)),
      pin: token.pin,
      random: systemRandom,
    })
    signer = made.signer
    for (const key of [token.key('pai'), token.key('other', Uint8Array.of(1))]) {
      const again = makePkcs11Key({ key, pin: token.pin, random: systemRandom })
      await expect(again).rejects.toMatchObject({ code: 'ISSUER_TOKEN' })
    }
    const nameless = { ...token.key('pai'), object: undefined, id: Uint8Array.of(2) }
    await expect(
      makePkcs11Key({ key: nameless, pin: token.pin, random: systemRandom }),
    ).rejects.toMatchObject({ code: 'ISSUER_KEY_URI' })
  })

  it('is refused for a key on another curve, and for one of two that share a label', async () => {
    const secp384r1 = fromHex('06052b81040022')
    const prime256v1 = fromHex('06082a8648ce3d030107')
    withSession(token, (library, session) => {
      for (const [label, id, curve] of [
        ['big', 1, secp384r1],
        ['twin', 2, prime256v1],
        ['twin', 3, prime256v1],
      ] as const) {
        generate(library, session, { label, id, curve })
      }
    })
    for (const [label, text] of [
      ['big', 'not on P-256'],
      ['twin', 'more than one'],
    ] as const) {
      const opened = openPkcs11Signer({ key: token.key(label), pin: token.pin })
      await expect(opened).rejects.toMatchObject({
        code: 'ISSUER_TOKEN',
        message: expect.stringContaining(text) as string,
      })
    }
  })

  it('that gives its key away is told, and refused in production', async () => {
    const curve = fromHex('06082a8648ce3d030107')
    withSession(token, (library, session) =>
      generate(library, session, { label: 'open', id: 1, curve, isExtractable: true }),
    )
    signer = await openPkcs11Signer({ key: token.key('open'), pin: token.pin })
    expect(custodyOf(signer)).toBe('extractable')
    await expect(productionIssuer(signer)).rejects.toMatchObject({
      code: 'ISSUER_POLICY_REFUSES',
      message: expect.stringContaining('gives it away') as string,
    })
  })

  it('that keeps its key is taken in production', async () => {
    signer = await make()
    await expect(productionIssuer(signer)).resolves.toBeDefined()
  })

  it('asks for the PIN only when the name of the key is a token', async () => {
    const made = await makePkcs11Key({
      key: token.key('pai'),
      pin: token.pin,
      random: systemRandom,
    })
    signer = made.signer
    const asked: (string | undefined)[] = []
    const pin = (key: { pinFile?: string | undefined }): Promise<Secret> => {
      asked.push(key.pinFile)
      return Promise.resolve(token.pin)
    }
    const opened = await openSigner({ keyUri: formatPkcs11Uri(made.key), pin })
    expect(await isSigning(opened)).toBe(true)
    await opened.close()
    await expect(openSigner({ keyUri: 'pai.key.pem', pin })).rejects.toMatchObject({
      code: 'ISSUER_KEY_URI',
    })
    expect(asked).toEqual([token.pinFile])
  })
})

describe('a PKCS#11 module', () => {
  it.each([
    ['that is not there', '/nowhere/libnone.so', 'cannot be loaded'],
    ['that is no library', import.meta.filename, 'cannot be loaded'],
    ['that is no PKCS#11 module', 'libm.so.6', 'C_GetFunctionList'],
  ])('%s is refused with its path', async (_, path, text) => {
    const opened = openNamed(`pkcs11:token=a;object=b?module-path=${path}`)
    await expect(opened).rejects.toMatchObject({
      code: 'ISSUER_MODULE',
      message: expect.stringContaining(text) as string,
      remedy: expect.stringContaining('module-path') as string,
    })
    await expect(opened).rejects.toThrow(path)
  })

  it('must be named', async () => {
    await expect(openNamed('pkcs11:token=a;object=b')).rejects.toMatchObject({
      code: 'ISSUER_KEY_URI',
      message: expect.stringContaining('module-path') as string,
    })
  })

  it.each(modulesAtHand())(
    '$module whose configuration is wrong is refused with a remedy',
    async () => {
      const before = process.env['SOFTHSM2_CONF']
      process.env['SOFTHSM2_CONF'] = '/nowhere/softhsm2.conf'
      try {
        const opened = openNamed(`pkcs11:token=a;object=b?module-path=${softhsmModule()}`)
        await expect(opened).rejects.toMatchObject({
          code: 'ISSUER_MODULE',
          remedy: expect.stringContaining('SOFTHSM2_CONF') as string,
        })
      } finally {
        if (before === undefined) delete process.env['SOFTHSM2_CONF']
        else process.env['SOFTHSM2_CONF'] = before
      }
    },
  )
})
