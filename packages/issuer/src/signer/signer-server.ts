import { chmod, chown, lstat, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { isKeylineError } from '@keyline/bytes'
import type { Signer } from '@keyline/crypto'
import { IssuerError } from '../errors.ts'
import { custodyOf } from './held-signer.ts'
import type { SignatureCounter } from './signature-counter.ts'
import {
  decodeSignerMessage,
  encodeSignerMessage,
  longestRequestFrame,
  refusalText,
  SignerFrames,
  signerProtocolVersion,
  type SignerMessage,
  type SignerRefusalCode,
} from './signer-protocol.ts'
import type { SigningCheck } from './signing-check.ts'

export interface SignerServerOptions {
  /** Path of the socket, 1 to 100 octets. Its folder must be closed to others. */
  readonly path: string
  readonly signer: Signer
  readonly check: SigningCheck
  readonly counter: SignatureCounter
  /** Group whose members may connect, too; without it the user of this process alone. */
  readonly peerGroup?: number | undefined
}

export interface SignerServer {
  readonly path: string
  /** Ends all connections and removes the socket. */
  close(): Promise<void>
}

/** The shortest limit of the systems that we run on: 104 octets with the final NUL. */
const longestPath = 100
const connectionLimit = 32
const unansweredLimit = 256

/**
 * Holds a key behind a local socket. It looks at everything it signs, counts certificates on the disk before it signs
 * them, and refuses what breaks its rules or passes its limit.
 *
 * Who may connect is decided by the file system: Node.js does not tell the user of the other end. The folder of the
 * socket must belong to this user and let nobody else in but the group that is named.
 * @throws IssuerError `ISSUER_SIGNER_SOCKET`
 */
export async function serveSigner(options: SignerServerOptions): Promise<SignerServer> {
  const { path, peerGroup } = options
  if (path === '' || Buffer.byteLength(path) > longestPath) {
    throw socketError(`the path of the socket has more than ${longestPath} octets, or none`)
  }
  await requireClosedFolder(dirname(path), peerGroup)
  await removeDeadSocket(path)
  const connections = new Set<Socket>()
  const server = createServer((socket) => {
    if (connections.size >= connectionLimit) {
      socket.destroy()
      return
    }
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
    serve(socket, options)
  })
  await listen(server, path)
  await chmod(path, peerGroup === undefined ? 0o600 : 0o660)
  if (peerGroup !== undefined) await chown(path, -1, peerGroup)
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of connections) socket.destroy()
      }),
  }
}

/** One connection: greeting, then requests, which are answered as they are done. */
function serve(socket: Socket, options: SignerServerOptions): void {
  const frames = new SignerFrames(longestRequestFrame)
  let isGreeted = false
  let unanswered = 0
  const send = (message: SignerMessage): void => {
    if (!socket.destroyed) socket.write(encodeSignerMessage(message))
  }
  const answer = async (message: SignerMessage): Promise<void> => {
    if (message.kind === 'hello' && !isGreeted && message.version === signerProtocolVersion) {
      isGreeted = true
      const { publicKey } = options.signer
      const custody = custodyOf(options.signer) ?? 'file'
      send({ kind: 'welcome', version: signerProtocolVersion, custody, point: publicKey.point })
    } else if (message.kind === 'sign' && isGreeted) {
      unanswered += 1
      if (unanswered >= unansweredLimit) socket.pause()
      send(await signatureFor(message, options))
      unanswered -= 1
      if (unanswered < unansweredLimit) socket.resume()
    } else socket.destroy()
  }
  socket.on('error', () => socket.destroy())
  socket.on('data', (piece: Buffer) => {
    try {
      for (const frame of frames.take(piece)) void answer(decodeSignerMessage(frame))
    } catch {
      // Who does not speak the protocol is not answered in it.
      socket.destroy()
    }
  })
}

async function signatureFor(
  { id, toBeSigned }: Extract<SignerMessage, { readonly kind: 'sign' }>,
  { check, counter, signer }: SignerServerOptions,
): Promise<SignerMessage> {
  try {
    if (check(toBeSigned) === 'certificate') await counter.take()
    return { kind: 'signature', id, signature: await signer.sign(toBeSigned) }
  } catch (error) {
    const message = isKeylineError(error) ? error.message : 'the signer failed'
    return { kind: 'refusal', id, code: refusalCode(error), message: refusalText(message) }
  }
}

function refusalCode(error: unknown): SignerRefusalCode {
  const code = error instanceof IssuerError ? error.code : undefined
  return code === 'ISSUER_SIGNER_LIMIT' || code === 'ISSUER_SIGNER_REFUSED'
    ? code
    : 'ISSUER_SIGNER_FAILED'
}

async function requireClosedFolder(folder: string, peerGroup: number | undefined): Promise<void> {
  const found = await lstat(folder).catch((cause: unknown) => {
    throw socketError(`the folder ${folder} cannot be looked at`, cause)
  })
  const open = peerGroup === undefined ? 0o077 : 0o027
  if (!found.isDirectory()) throw socketError(`${folder} is no folder`)
  if (found.uid !== process.getuid?.()) throw socketError(`${folder} belongs to another user`)
  if ((found.mode & open) !== 0) {
    const mode = (found.mode & 0o777).toString(8)
    const wanted = peerGroup === undefined ? '700' : '750'
    throw socketError(`${folder} has the mode ${mode}, but must have ${wanted}`)
  }
  if (peerGroup !== undefined && found.gid !== peerGroup) {
    throw socketError(`${folder} belongs to group ${found.gid}, not to ${peerGroup}`)
  }
}

/** A socket that nobody answers at is left over from a killed process. */
async function removeDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) throw socketError(`${path} exists and is no socket`)
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
  if (isAlive) throw socketError(`another process listens at ${path}`)
  await rm(path, { force: true })
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(socketError(`nobody can listen at ${path}`, cause)))
    server.listen(path, resolve)
  })
}

function socketError(message: string, cause?: unknown): IssuerError {
  return new IssuerError('ISSUER_SIGNER_SOCKET', message, { cause })
}
