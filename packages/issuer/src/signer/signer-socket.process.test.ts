import { once } from 'node:events'
import { chmodSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concat, encodeUtf8, fromHex, systemClock } from '@keyline/bytes'
import { generateP256, keyPairSigner, type P256KeyPair, type Signer } from '@keyline/crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { productionIssuer } from '../testing/production-issuer.ts'
import { served } from '../testing/served-signer.ts'
import { authorityFor, authoritySignedBy, dacBy, isIssued } from '../testing/test-authority.ts'
import { FileSigner } from './file-signer.ts'
import { openSigner } from './open-signer.ts'
import { SignatureCounter } from './signature-counter.ts'
import { connectSigner } from './signer-client.ts'
import {
  decodeSignerMessage,
  encodeSignerMessage,
  SignerFrames,
  type SignerMessage,
} from './signer-protocol.ts'
import { serveSigner } from './signer-server.ts'
import { createSigningCheck } from './signing-check.ts'

const probe = new Uint8Array(32)
const noPin = (): Promise<never> => Promise.reject(new Error('nobody asks'))
const failed = expect.objectContaining({ code: 'ISSUER_SIGNER_FAILED', retryable: true }) as Error

let folder: string
let path: string
let server: Server | undefined
const sockets = new Set<Socket>()
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyline-signer-'))
  path = join(folder, 'pai.sock')
})
afterEach(async () => {
  await stop()
  rmSync(folder, { recursive: true })
})

/** Ends the stand-in as a killed process ends. */
async function stop(): Promise<void> {
  const ended = server
  server = undefined
  for (const socket of sockets) socket.destroy()
  if (ended !== undefined) await new Promise((resolve) => ended.close(resolve))
}

/** A stand-in for a signer process that says what it is told to. */
async function standIn(
  answer: (message: SignerMessage, socket: Socket) => Uint8Array | SignerMessage | undefined,
): Promise<string> {
  server = createServer((socket) => {
    sockets.add(socket)
    const frames = new SignerFrames(1 << 20)
    socket.on('error', () => socket.destroy())
    socket.on('data', (piece) => {
      for (const frame of frames.take(piece)) {
        const said = answer(decodeSignerMessage(frame), socket)
        if (said === undefined) continue
        socket.write(said instanceof Uint8Array ? said : encodeSignerMessage(said))
      }
    })
  })
  server.listen(path)
  await once(server, 'listening')
  return `unix:${path}`
}

const welcome = (pair: P256KeyPair, version = 1): SignerMessage => ({
  kind: 'welcome',
  version,
  custody: 'file',
  point: pair.publicKey.point,
})

async function answerWell(
  pair: P256KeyPair,
  { id, toBeSigned }: { readonly id: number; readonly toBeSigned: Uint8Array },
  socket: Socket,
): Promise<void> {
  const signature = await keyPairSigner(pair).sign(toBeSigned)
  socket.write(encodeSignerMessage({ kind: 'signature', id, signature }))
}

describe('a client of a signer process', () => {
  const pair = generateP256()

  it('fails when nobody is there', async () => {
    await expect(connectSigner({ address: `unix:${path}` })).rejects.toEqual(failed)
  })

  it.each(['tcp:localhost:1', 'unix:', 'unix:\0abstract', 'pai.sock'])(
    'refuses the address %j',
    async (address) => {
      await expect(connectSigner({ address })).rejects.toMatchObject({ code: 'ISSUER_KEY_URI' })
    },
  )

  it.each<readonly [string, (socket: Socket) => Uint8Array | SignerMessage | undefined]>([
    ['nothing', () => undefined],
    ['another version', () => welcome(pair, 2)],
    ['a signature', () => ({ kind: 'signature', id: 1, signature: new Uint8Array(70) })],
    [
      'a point that is on no curve',
      () =>
        encodeSignerMessage({
          kind: 'welcome',
          version: 1,
          custody: 'file',
          point: new Uint8Array(65).fill(4),
        }),
    ],
    ['garbage', () => encodeUtf8('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a frame of 4 GiB', () => fromHex('ffffffff00')],
    [
      'goodbye',
      (socket) => {
        socket.destroy()
        return undefined
      },
    ],
  ])('fails when it is greeted with %s', async (_, answer) => {
    const address = await standIn((_message, socket) => answer(socket))
    await expect(connectSigner({ address, timeoutMs: 200 })).rejects.toEqual(failed)
  })

  it.each<
    readonly [string, (id: number, socket: Socket) => Uint8Array | SignerMessage | undefined]
  >([
    ['is silent', () => undefined],
    [
      'answers another request',
      (id) => ({ kind: 'signature', id: id + 1, signature: new Uint8Array(70) }),
    ],
    ['answers garbage', () => fromHex('00000002ffff')],
    ['answers a frame without end', () => fromHex('7fffffff00')],
    ['greets again', () => welcome(pair)],
    [
      'is killed',
      (_, socket) => {
        socket.destroy()
        return undefined
      },
    ],
  ])('fails when the signer %s in the place of a signature, and asks anew', async (_, answer) => {
    let isBad = true
    const address = await standIn((message, socket) => {
      if (message.kind === 'hello') return welcome(pair)
      if (message.kind !== 'sign') return undefined
      if (isBad) return answer(message.id, socket)
      void answerWell(pair, message, socket)
      return undefined
    })
    const signer = await connectSigner({ address, timeoutMs: 200 })
    await expect(Promise.all([signer.sign(probe), signer.sign(probe)])).rejects.toEqual(failed)
    isBad = false
    await expect(signer.sign(probe)).resolves.toBeInstanceOf(Uint8Array)
    await signer.close()
  })

  it('connects again after a restart, and refuses another key', async () => {
    const address = await standIn(() => welcome(pair))
    const signer = await connectSigner({ address, timeoutMs: 200 })
    await stop()
    await expect(signer.sign(probe)).rejects.toEqual(failed)
    await standIn(() => welcome(generateP256()))
    const refused = signer.sign(probe)
    await expect(refused).rejects.toEqual(failed)
    await expect(refused).rejects.toThrow('another key')
    await stop()
    await standIn((message, socket) => {
      if (message.kind !== 'sign') return welcome(pair)
      void answerWell(pair, message, socket)
      return undefined
    })
    await expect(signer.sign(probe)).resolves.toBeInstanceOf(Uint8Array)
    await signer.close()
  })

  it('refuses to send what nobody would sign', async () => {
    const signer = await connectSigner({ address: await standIn(() => welcome(pair)) })
    await expect(signer.sign(new Uint8Array())).rejects.toEqual(failed)
    await expect(signer.sign(new Uint8Array(16 * 1024 * 1024 + 1))).rejects.toEqual(failed)
    await signer.close()
  })
})

describe('a signer behind a socket', () => {
  let held: FileSigner
  let pai: Uint8Array
  beforeEach(async () => {
    held = new FileSigner(keyPairSigner(generateP256()))
    pai = (await authorityFor(held.publicKey)).pai
  })

  it('counts certificates alone, and stops at its limit', async () => {
    const server = await served(held, pai, { limit: 2 })
    const signer = await connectSigner({ address: server.address })
    await signer.sign(probe)
    const dacs = await Promise.all([dacBy(signer, pai), dacBy(signer, pai)])
    expect(dacs.every((dac) => isIssued(dac, pai))).toBe(true)
    await expect(dacBy(signer, pai)).rejects.toMatchObject({
      code: 'ISSUER_SIGNER_LIMIT',
      fault: 'operator',
    })
    await expect(signer.sign(probe)).resolves.toBeInstanceOf(Uint8Array)
    expect(server.counter.total).toBe(2)
    await signer.close()
    await server.close()
  })

  it('signs no CA certificate, and does not count what it refuses', async () => {
    const server = await served(held, pai)
    const signer = await connectSigner({ address: server.address })
    // A PAI of its own making: the signer becomes its own PAA.
    await expect(authoritySignedBy(signer)).rejects.toMatchObject({
      code: 'ISSUER_SIGNER_REFUSED',
      fault: 'operator',
    })
    await expect(signer.sign(encodeUtf8('anything else'))).rejects.toMatchObject({
      code: 'ISSUER_SIGNER_REFUSED',
    })
    expect(server.counter.total).toBe(0)
    await signer.close()
    await server.close()
  })

  it('says that its key lies in a file, which production refuses', async () => {
    const server = await served(held, pai)
    const signer = await connectSigner({ address: server.address })
    await expect(productionIssuer(signer)).rejects.toMatchObject({
      code: 'ISSUER_POLICY_REFUSES',
      message: expect.stringContaining('lies in a file') as string,
    })
    await signer.close()
    await server.close()
  })

  it('fails without a word of why when its own key fails', async () => {
    const broken: Signer = {
      publicKey: held.publicKey,
      sign: () => Promise.reject(new Error('slot 3, pin 4711')),
    }
    const server = await served(broken, pai)
    const signer = await connectSigner({ address: server.address })
    const refused = signer.sign(probe)
    await expect(refused).rejects.toEqual(failed)
    await expect(refused).rejects.not.toThrow('4711')
    await signer.close()
    await server.close()
  })

  const hello = encodeSignerMessage({ kind: 'hello', version: 1 })
  const sign = encodeSignerMessage({ kind: 'sign', id: 1, toBeSigned: probe })
  it.each<readonly [string, Uint8Array]>([
    ['does not greet', sign],
    ['greets in another version', encodeSignerMessage({ kind: 'hello', version: 2 })],
    ['greets twice', concat(hello, hello)],
    ['speaks HTTP', encodeUtf8('GET / HTTP/1.1\r\n\r\n')],
    ['announces 4 GiB', fromHex('ffffffff')],
    ['sends an empty frame', fromHex('00000000')],
    [
      'answers instead of asking',
      concat(
        hello,
        encodeSignerMessage({ kind: 'signature', id: 1, signature: new Uint8Array(70) }),
      ),
    ],
  ])('hangs up on a caller who %s, and serves the others', async (_, octets) => {
    const server = await served(held, pai)
    const signer = await connectSigner({ address: server.address })
    const caller = connect(server.path)
    caller.write(octets)
    caller.resume()
    await once(caller, 'close')
    await expect(signer.sign(probe)).resolves.toBeInstanceOf(Uint8Array)
    await signer.close()
    await server.close()
  })

  it('takes no more than 32 callers at once, and others when they are gone', async () => {
    const server = await served(held, pai)
    const callers = await Promise.all(
      Array.from({ length: 32 }, () => connectSigner({ address: server.address })),
    )
    await expect(connectSigner({ address: server.address })).rejects.toEqual(failed)
    await Promise.all(callers.map((caller) => caller.close()))
    await expect
      .poll(() => connectSigner({ address: server.address }).then((late) => late.close()))
      .toBeUndefined()
    await server.close()
  })

  it('lets nobody else into its socket', async () => {
    const server = await served(held, pai)
    expect(statSync(server.path).mode & 0o777).toBe(0o600)
    await server.close()
  })

  const serve = async (options: { path: string; peerGroup?: number }): Promise<void> => {
    const counter = await SignatureCounter.open({
      path: join(folder, 'signer.count'),
      publicKey: held.publicKey,
      clock: systemClock,
    })
    try {
      const server = await serveSigner({
        signer: held,
        check: createSigningCheck(pai),
        counter,
        ...options,
      })
      expect(statSync(options.path).mode & 0o777).toBe(
        options.peerGroup === undefined ? 0o600 : 0o660,
      )
      await server.close()
    } finally {
      await counter.close()
    }
  }

  it.each<readonly [string, () => { path: string; peerGroup?: number }]>([
    [
      'that others can enter',
      () => {
        chmodSync(folder, 0o755)
        return { path }
      },
    ],
    [
      'that a group can enter which was not named',
      () => {
        chmodSync(folder, 0o750)
        return { path }
      },
    ],
    [
      'of another group than the one that was named',
      () => {
        chmodSync(folder, 0o750)
        return { path, peerGroup: statSync(folder).gid + 1 }
      },
    ],
    [
      'that the group can write to',
      () => {
        chmodSync(folder, 0o770)
        return { path, peerGroup: statSync(folder).gid }
      },
    ],
    ['that is not there', () => ({ path: join(folder, 'missing', 'pai.sock') })],
    [
      'that is a file',
      () => {
        writeFileSync(join(folder, 'file'), '')
        return { path: join(folder, 'file', 'pai.sock') }
      },
    ],
    ['so deep that the path is too long', () => ({ path: join(folder, 'x'.repeat(100)) })],
  ])('does not listen in a folder %s', async (_, options) => {
    await expect(serve(options())).rejects.toMatchObject({ code: 'ISSUER_SIGNER_SOCKET' })
  })

  it('listens for a group in a folder of that group', async () => {
    chmodSync(folder, 0o750)
    await serve({ path, peerGroup: statSync(folder).gid })
  })

  it('is opened by its address, and asks for no PIN', async () => {
    const server = await served(held, pai)
    const signer = await openSigner({ keyUri: server.address, pin: noPin })
    expect(signer.publicKey.point).toEqual(held.publicKey.point)
    expect(isIssued(await dacBy(signer, pai), pai)).toBe(true)
    await signer.close()
    await server.close()
  })

  it('takes the place of a socket that a killed process left', async () => {
    const left = join(folder, 'left')
    const dead = createServer().listen(left)
    await once(dead, 'listening')
    renameSync(left, path)
    await new Promise((resolve) => dead.close(resolve))
    expect(statSync(path).isSocket()).toBe(true)
    await serve({ path })
  })

  it('does not take the place of a living signer, or of a file', async () => {
    const address = await standIn(() => undefined)
    expect(address).toContain(path)
    await expect(serve({ path })).rejects.toMatchObject({ code: 'ISSUER_SIGNER_SOCKET' })
    const other = join(folder, 'other')
    writeFileSync(other, '')
    await expect(serve({ path: other })).rejects.toMatchObject({ code: 'ISSUER_SIGNER_SOCKET' })
  })
})
