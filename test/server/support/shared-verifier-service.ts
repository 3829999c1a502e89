import { afterAll } from 'vitest'
import { startVerifierService, type VerifierService } from '../../support/verifier-service.ts'

/** One service for the tests of a file that need no settings; it starts with the first of them. */
export function sharedVerifierService(): () => Promise<VerifierService> {
  let shared: Promise<VerifierService> | undefined
  afterAll(async () => (await shared)?.[Symbol.asyncDispose]())
  return () => (shared ??= startVerifierService())
}
