import type { Clock } from '@keyline/bytes'
import type {
  DeviceKeyProgrammer,
  PlatformScripts,
  Programmer,
  SerialPort,
  SerialPorts,
  StationParts,
  WirelessProgrammer,
} from '@keyline/station'
import type { CrashPoints } from './crash-points.ts'

/** What the watched parts of one line share. */
export class Watch {
  readonly points: CrashPoints
  /** Acts in work during which the flash of a board changes piece by piece. */
  downloads = 0
  /** COMMITs whose board has not said STORED. */
  commits = 0
  /** Waits in the downloads so far. */
  pieces = 0

  constructor(points: CrashPoints) {
    this.points = points
  }

  /** Counts an act that writes to flash piece by piece. */
  async writing(act: () => Promise<void>): Promise<void> {
    this.downloads++
    try {
      await act()
    } finally {
      this.downloads--
    }
  }
}

/** An image has 22 pieces, erased and programmed; a crash in some of them is like one in the others. */
const pieceStep = 5

/** Messages whose sending or arrival is a crash point. */
const sent = /^@(HELLO|DAC|PAI|COMMIT|CHAL|DONE|ATTREQ|BASIC) /
const received = /^(?:@(IDENT|CSR|STORED|PROOF|ATTSIG|BASIC) |(finish:\d))/

/** The board takes its time between the pieces it erases or programs: each such wait is a crash point. */
export function watchClock(clock: Clock, watch: Watch): Clock {
  return {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    during: (work) => clock.during(work),
    sleep: (ms, signal) => {
      if (watch.downloads > 0 && watch.pieces++ % pieceStep === 0) {
        watch.points.reach('in the download')
      }
      if (watch.commits > 0) watch.points.reach('in the COMMIT')
      return clock.sleep(ms, signal)
    },
  }
}

export function watchParts(parts: StationParts, watch: Watch): StationParts {
  const { issuer } = parts
  return {
    ...parts,
    programmer: watchProgrammer(parts.programmer, watch),
    ports: watchPorts(parts.ports, watch),
    scripts: parts.scripts && watchScripts(parts.scripts, watch),
    wireless: parts.wireless && watchWireless(parts.wireless, watch),
    deviceKeys: parts.deviceKeys && watchDeviceKeys(parts.deviceKeys, watch),
    issuer: {
      issue: (request, options) =>
        watch.points.around('issuer.issue', () => issuer.issue(request, options)),
    },
  }
}

function watchProgrammer(programmer: Programmer, watch: Watch): Programmer {
  const { points } = watch
  return {
    list: (options) => programmer.list(options),
    connect: (probe, options) => points.around('connect', () => programmer.connect(probe, options)),
    read: (probe, address, length, options) =>
      points.around('read', () => programmer.read(probe, address, length, options)),
    reset: (probe, options) => points.around('reset', () => programmer.reset(probe, options)),
    download: (probe, address, octets, options) =>
      points.around('download', () =>
        watch.writing(() => programmer.download(probe, address, octets, options)),
      ),
  }
}

function watchDeviceKeys(keys: DeviceKeyProgrammer, { points }: Watch): DeviceKeyProgrammer {
  return {
    exportWrappedKey: (...call) =>
      points.around('exportWrappedKey', () => keys.exportWrappedKey(...call)),
  }
}

function watchScripts(scripts: PlatformScripts, watch: Watch): PlatformScripts {
  return {
    run: (probe, script, options) =>
      watch.points.around(script, () => watch.writing(() => scripts.run(probe, script, options))),
  }
}

function watchWireless(wireless: WirelessProgrammer, watch: Watch): WirelessProgrammer {
  const around = (name: string, act: () => Promise<void>): Promise<void> =>
    watch.points.around(name, () => watch.writing(act))
  return {
    eraseAll: (...call) => around('eraseAll', () => wireless.eraseAll(...call)),
    setOptionBytes: (...call) => around('setOptionBytes', () => wireless.setOptionBytes(...call)),
    startWirelessStack: (...call) =>
      around('startWirelessStack', () => wireless.startWirelessStack(...call)),
    upgradeCoprocessor: (...call) =>
      around('upgradeCoprocessor', () => wireless.upgradeCoprocessor(...call)),
  }
}

function watchPorts(ports: SerialPorts, watch: Watch): SerialPorts {
  return { open: async (name) => watchPort(await ports.open(name), watch) }
}

function watchPort(port: SerialPort, watch: Watch): SerialPort {
  const { points } = watch
  let isCommitted = false
  const settle = (): void => {
    if (isCommitted) watch.commits--
    isCommitted = false
  }
  const onLine = (line: string): void => {
    const [, type, result] = received.exec(line) ?? []
    const name = type ?? result
    if (name === undefined) return
    if (name === 'STORED' || result !== undefined) settle()
    points.reach(`received ${name}`)
  }
  return {
    received: linesOf(port.received, onLine),
    write: async (octets) => {
      const type = sent.exec(Buffer.from(octets).toString('latin1'))?.[1]
      if (type === undefined) return port.write(octets)
      return points.around(`sending ${type}`, async () => {
        await port.write(octets)
        if (type !== 'COMMIT' || isCommitted) return
        isCommitted = true
        watch.commits++
      })
    },
    close: () => {
      settle()
      return port.close()
    },
  }
}

/** Passes the octets on as they come, and tells each line when its end has come. */
async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  onLine: (line: string) => void,
): AsyncGenerator<Uint8Array> {
  let begun = ''
  for await (const chunk of chunks) {
    const lines = (begun + Buffer.from(chunk).toString('latin1')).split('\n')
    begun = lines.pop() ?? ''
    for (const line of lines) onLine(line)
    yield chunk
  }
}
