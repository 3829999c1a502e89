import { parentPort } from 'node:worker_threads'
import { unpackClaims, type ClaimBatch } from './claim-batch.ts'
import { holds } from './signature-verifier.ts'

/** The program of a thread: each batch is answered by one boolean for each claim, in their order. */
parentPort?.on('message', (batch: ClaimBatch) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(unpackClaims(batch).map(holds))
})
