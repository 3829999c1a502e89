import cluster, { type Worker as ClusterWorker } from 'node:cluster'
import { once } from 'node:events'
import { systemClock } from '@keyline/bytes'
import { createLog } from '@keyline/server'
import { openRecord } from './record.ts'
import {
  serveVerifier,
  stopTimes,
  type ServedVerifier,
  type VerifierServeOptions,
} from './serve.ts'
import { readServeSettings, readTls } from './serve-settings.ts'
import { WorkerPool, type Worker, type WorkerReport } from './worker-pool.ts'

const stopMessage = 'stop'

/** A worker gets its own grace and a little more before it is killed. */
const workerStopMs = stopTimes.drainMs + stopTimes.graceMs + 2_000

/** True in a process that serves for another one. */
export function isWorker(): boolean {
  return cluster.isWorker
}

/**
 * Starts workers that share one address. What is wrong with options, files or database is said here, once, before the
 * first of them.
 */
export async function serveWithWorkers(
  options: VerifierServeOptions,
  count: number,
): Promise<ServedVerifier> {
  const settings = await readServeSettings(options)
  const tls = await readTls(options)
  tls?.key.wipe()
  const { close } = await openRecord({ ...options, policy: settings.policy }, 'verifier')
  await close()
  const log = createLog()
  const { pool, report } = await WorkerPool.start({
    count,
    clock: systemClock,
    fork: forkWorker,
    tell: (what, facts) => log.info(what, facts),
    stopMs: workerStopMs,
  })
  return {
    ...report,
    isSecure: tls !== undefined,
    settings,
    stop: async () => {
      await pool.stop()
      log.flush()
    },
  }
}

/** Serves in this process until the first one asks it to end, or is gone. */
export async function serveAsWorker(
  options: VerifierServeOptions,
  interrupted: AbortSignal,
): Promise<void> {
  try {
    const served = await serveVerifier(options)
    const { port, keyId } = served
    process.send?.({ port, keyId } satisfies WorkerReport)
    await endOf(interrupted)
    await served.stop()
  } finally {
    // The channel to the first process keeps this one alive, also behind an error.
    cluster.worker?.disconnect()
  }
}

async function endOf(interrupted: AbortSignal): Promise<void> {
  const ended = new AbortController()
  const end = (): void => ended.abort()
  process.on('message', (message) => {
    if (message === stopMessage) end()
  })
  process.once('disconnect', end)
  interrupted.addEventListener('abort', end, { once: true })
  if (!ended.signal.aborted && !interrupted.aborted) await once(ended.signal, 'abort')
}

function forkWorker(): Worker {
  const child = cluster.fork()
  return {
    pid: child.process.pid ?? 0,
    listening: reportOf(child),
    ended: new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal === null || signal === '' ? code : null))
    }),
    stop: () => {
      if (child.isConnected()) child.send(stopMessage)
    },
    kill: () => void child.process.kill('SIGKILL'),
  }
}

function reportOf(child: ClusterWorker): Promise<WorkerReport> {
  return new Promise((resolve) => {
    child.on('message', (message: unknown) => {
      const { port, keyId } = { port: undefined, keyId: undefined, ...objectOf(message) }
      if (typeof port === 'number' && typeof keyId === 'string') resolve({ port, keyId })
    })
  })
}

function objectOf(message: unknown): object {
  return typeof message === 'object' && message !== null ? message : {}
}
