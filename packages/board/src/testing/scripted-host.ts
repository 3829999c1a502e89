import {
  BytesError,
  concat,
  decodeUtf8,
  encodeUtf8,
  seededRandom,
  type Clock,
} from '@keyline/bytes'
import { keyPairSigner, p256FromScalar, sha256 } from '@keyline/crypto'
import { encodeImage, type FactoryData } from '@keyline/matter'
import {
  encodeHello,
  LineSplitter,
  MessageAssembler,
  MessageSender,
  parseFrame,
  pxpLimits,
  type Message,
  type MessageType,
  type SenderStep,
} from '@keyline/matter/pxp'
import { buildCertificate, name, Oid, parseRequest, publicKeyOf } from '@keyline/x509'
import type { HostPort } from '../uart/serial-line.ts'

const subject = name([{ type: Oid.commonName, value: 'Bench Test PAI' }])
const paiPair = p256FromScalar(new Uint8Array(32).fill(0x11))
const validity = {
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date('2046-01-01T00:00:00Z'),
}

/** A certificate authority that asks nothing: enough for a board to store what it gets. */
export async function certify(
  csr: Uint8Array,
): Promise<{ readonly dac: Uint8Array; readonly pai: Uint8Array }> {
  const request = parseRequest(csr)
  const publicKey = publicKeyOf(request)
  if (publicKey === undefined) throw new TypeError('the request has no key')
  const issued = { ...validity, issuer: subject, extensions: [], signer: keyPairSigner(paiPair) }
  const pai = { subject, serialNumber: Uint8Array.of(1), publicKey: paiPair.publicKey }
  const dac = { subject: request.subject, serialNumber: Uint8Array.of(2), publicKey }
  return {
    pai: await buildCertificate({ ...issued, ...pai }),
    dac: await buildCertificate({ ...issued, ...dac }),
  }
}

export const product: FactoryData = {
  certificationDeclaration: seededRandom('declaration').bytes(539),
  discriminator: 3840,
  iterations: 1000,
  salt: seededRandom('salt').bytes(16),
  verifier: seededRandom('verifier').bytes(97),
  passcode: 20202021,
  vendorName: 'ACME',
  vendorId: 0xfff1,
  productName: 'Lamp',
  productId: 0x8004,
  serialNumber: 'SN-0001',
  hardwareVersion: 7,
  hardwareVersionString: 'ignored',
}

export const provisioningImage = (data: FactoryData = product): Uint8Array => encodeImage(data)

const waitEnded = new BytesError('INTERRUPTED', 'the wait has ended')

/** The host's end of a PXP/1 session, as small as it can be. */
export class ScriptedHost {
  /** Every octet that arrived, as text. */
  transcript = ''
  readonly #port: HostPort
  readonly #clock: Clock
  readonly #splitter = new LineSplitter()
  readonly #assembler = new MessageAssembler()
  readonly #sender = new MessageSender()
  readonly #messages: Message[] = []
  #step: SenderStep = { kind: 'ignored' }
  #isEnded = false
  #wake: () => void = () => undefined

  constructor(port: HostPort, clock: Clock) {
    this.#port = port
    this.#clock = clock
    void this.#listen()
  }

  /** `Init` once a second until the board answers. False after 30 s. */
  async sync(): Promise<boolean> {
    const isStarted = (): boolean => this.transcript.includes('Start_provisioning PXP/1')
    for (let second = 0; second < 30 && !isStarted(); second++) {
      await this.#port.write(encodeUtf8('Init\n'))
      await this.#until(isStarted, 1000)
    }
    return isStarted()
  }

  /** Begins again after a restart of the board. */
  restart(): void {
    this.transcript = ''
    this.#messages.length = 0
    this.#assembler.restart()
    this.#sender.restart()
  }

  async send(type: MessageType, payload?: Uint8Array): Promise<boolean> {
    this.#step = this.#sender.start(type, payload)
    for (;;) {
      const step = this.#step
      if (step.kind === 'sent') return true
      if (step.kind === 'failed') return false
      if (step.kind === 'send') {
        this.#step = { kind: 'ignored' }
        await this.#port.write(encodeUtf8(step.line))
      }
      const isAnswered = await this.#until(
        () => this.#step.kind !== 'ignored' || this.#isEnded,
        pxpLimits.answerTimeoutMs,
      )
      if (this.#isEnded) return false
      if (!isAnswered) this.#step = this.#sender.timedOut()
    }
  }

  /** The next message, of this type; `undefined` when another comes, or none in time. */
  async hear(type: MessageType, timeoutMs = 30_000): Promise<Uint8Array | undefined> {
    await this.#until(() => this.#messages.length > 0 || this.finish !== undefined, timeoutMs)
    const message = this.#messages.shift()
    return message?.type === type ? message.payload : undefined
  }

  /** Digits of the first `finish:NNN` behind the last start. */
  get finish(): string | undefined {
    return /Start_provisioning[^]*?finish:(\d{3})/.exec(this.transcript)?.[1]
  }

  async heardFinish(timeoutMs = 35_000): Promise<string | undefined> {
    await this.#until(() => this.finish !== undefined, timeoutMs)
    return this.finish
  }

  get isPortGone(): boolean {
    return this.#isEnded
  }

  async close(): Promise<void> {
    await this.#port.close()
  }

  async #listen(): Promise<void> {
    for await (const octets of this.#port.received) {
      this.transcript += decodeLatin1(octets)
      for (const line of this.#splitter.push(octets)) await this.#take(line)
      this.#wake()
    }
    this.#isEnded = true
    this.#wake()
  }

  async #take(line: string): Promise<void> {
    const parsed = parseFrame(line)
    if (!parsed.ok) return
    const { frame } = parsed
    if (frame.type === 'ACK' || frame.type === 'NAK') {
      const step = this.#sender.answered(frame)
      if (step.kind !== 'ignored') this.#step = step
      return
    }
    const reception = this.#assembler.accept(frame)
    if (reception.kind === 'message') this.#messages.push(reception.message)
    await this.#port.write(encodeUtf8(reception.answer)).catch(() => undefined)
  }

  async #until(isTrue: () => boolean, timeoutMs: number): Promise<boolean> {
    const deadline = this.#clock.monotonicMs() + timeoutMs
    while (!isTrue()) {
      const left = deadline - this.#clock.monotonicMs()
      if (left <= 0) return false
      const timer = new AbortController()
      const event = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      const expired = this.#clock.sleep(left, timer.signal).catch(() => undefined)
      await Promise.race([event, expired])
      timer.abort(waitEnded)
    }
    return true
  }
}

/** What a complete exchange has shown. */
export interface Exchange {
  readonly finish: string | undefined
  readonly ident?: string | undefined
  readonly csr?: Uint8Array | undefined
  readonly dac?: Uint8Array | undefined
  readonly pai?: Uint8Array | undefined
  readonly stored?: string | undefined
  readonly proof?: Uint8Array | undefined
}

export const challenge = seededRandom('challenge').bytes(32)

/** Runs an exchange up to its end, good or bad. */
export async function exchange(
  host: ScriptedHost,
  mode: 'test' | 'production' = 'test',
): Promise<Exchange> {
  if (!(await host.sync())) return { finish: undefined }
  await host.send('HELLO', encodeHello({ mode }))
  const identPayload = await host.hear('IDENT')
  const ident = identPayload === undefined ? undefined : decodeUtf8(identPayload)
  const csr = await host.hear('CSR')
  if (csr === undefined) return { ident, finish: await host.heardFinish() }
  const { dac, pai } = await certify(csr)
  const isSent =
    (await host.send('DAC', dac)) &&
    (await host.send('PAI', pai)) &&
    (await host.send('COMMIT', sha256(dac, pai)))
  const storedPayload = isSent ? await host.hear('STORED') : undefined
  if (storedPayload === undefined) {
    return { ident, csr, dac, pai, finish: await host.heardFinish(5000) }
  }
  const stored = decodeUtf8(storedPayload)
  await host.send('CHAL', challenge)
  const proof = await host.hear('PROOF')
  await host.send('DONE')
  return { ident, csr, dac, pai, stored, proof, finish: await host.heardFinish() }
}

/** What PROOF signs. */
export const proofMessage = concat(encodeUtf8('PXP1-PROOF'), challenge)

function decodeLatin1(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1')
}
