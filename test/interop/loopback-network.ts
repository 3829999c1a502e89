import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import {
  AddressInUseError,
  Bytes,
  ChannelType,
  isIPv4,
  isIPv6,
  MAX_UDP_MESSAGE_SIZE,
  MockNetwork,
  MockUdpSocket,
  Network,
  NetworkError,
  type NetworkSimulator,
  type UdpSocket,
  type UdpSocketOptions,
} from '@matter/general'

const loopback = '127.0.0.1'
const multicastDnsPort = 5353

/**
 * The network of one Matter node inside this machine. Matter messages are UDP datagrams over the
 * loopback interface. Discovery (multicast DNS) is handed over within the process, and IPv6 has no
 * route: nothing leaves the machine, and neither its mDNS responder nor its IPv6 setup matters.
 */
export class LoopbackNetwork extends Network {
  readonly #discovery: MockNetwork

  /** `macAddress` tells the nodes that share `discovery` apart, `02:00:00:00:00:01` for example. */
  constructor(discovery: NetworkSimulator, macAddress: string) {
    super()
    this.#discovery = new MockNetwork(discovery, macAddress, [loopback])
  }

  override getNetInterfaces() {
    return this.#discovery.getNetInterfaces()
  }

  override getIpMac(name: string) {
    return this.#discovery.getIpMac(name)
  }

  override async createUdpSocket(options: UdpSocketOptions): Promise<UdpSocket> {
    if (options.listeningPort === multicastDnsPort) return this.#discovery.createUdpSocket(options)
    if (options.type === 'udp4') return LoopbackSocket.open(options.listeningPort)
    return new Ipv6Socket(this.#discovery, options)
  }

  override async close(): Promise<void> {
    await this.#discovery.close()
  }
}

/** matter.js asks for an IPv6 socket before any other; this one takes no message for IPv4. */
class Ipv6Socket extends MockUdpSocket {
  override supports(type: ChannelType, address?: string): type is ChannelType.UDP {
    return type === ChannelType.UDP && (address === undefined || isIPv6(address))
  }
}

class LoopbackSocket implements UdpSocket {
  readonly maxPayloadSize = MAX_UDP_MESSAGE_SIZE
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  static async open(port = 0): Promise<LoopbackSocket> {
    const socket = createSocket('udp4')
    socket.bind(port, loopback)
    try {
      await once(socket, 'listening')
    } catch (cause) {
      throw new AddressInUseError(`cannot bind UDP port ${port} of ${loopback}`, { cause })
    }
    return new LoopbackSocket(socket)
  }

  get port(): number {
    return this.#socket.address().port
  }

  supports(type: ChannelType, address?: string): boolean {
    return type === ChannelType.UDP && (address === undefined || isIPv4(address))
  }

  onData(listener: UdpSocket.Callback) {
    const forward = (data: Uint8Array, peer: RemoteInfo) =>
      listener(undefined, peer.address, peer.port, data)
    this.#socket.on('message', forward)
    return {
      close: async () => {
        this.#socket.off('message', forward)
      },
    }
  }

  send(host: string, port: number, data: Bytes): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(Bytes.of(data), port, host, (cause) => {
        if (cause === null) resolve()
        else reject(new NetworkError(`cannot send to ${host}:${port}`, { cause }))
      })
    })
  }

  addMembership(): void {
    throw new NetworkError('a message socket joins no multicast group')
  }

  dropMembership(): void {
    throw new NetworkError('a message socket has joined no multicast group')
  }

  async close(): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }
}
