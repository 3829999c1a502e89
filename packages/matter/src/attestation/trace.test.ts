import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { failed } from './result.ts'
import { attestationRules, SdkResult, type AttestationCheck } from './rules.ts'
import { isSdkFailure, sdkResults } from './sdk-results.ts'
import { attestationChecks, traceChecks, type AskedOf } from './trace.ts'

const all: AskedOf = { answer: true, revocationSet: true, firmwareInformation: true }
const expired = failed('ATT-11', 'kDacExpired', { message: 'the DAC is not valid now' })

const outcomes = (
  ...parameters: Parameters<typeof traceChecks>
): Readonly<Record<string, string>> =>
  Object.fromEntries(traceChecks(...parameters).map(({ check, outcome }) => [check, outcome]))

describe('the trace of a procedure', () => {
  it('names every rule once, in the order of the procedure', () => {
    expect(attestationChecks).toEqual(Object.keys(attestationRules))
    expect(traceChecks(expired, all).map(({ check }) => check)).toEqual(attestationChecks)
  })

  it('tells what passed, what failed and what was not asked any more', () => {
    const told = outcomes(expired, all)
    expect(told['ATT-10']).toBe('passed')
    expect(told['ATT-11']).toBe('failed')
    expect(told['ATT-12']).toBe('not asked')
    expect(told['ATT-26']).toBe('not asked')
  })

  it('tells what could not be asked', () => {
    const told = outcomes(expired, {
      answer: false,
      revocationSet: false,
      firmwareInformation: true,
    })
    expect(told['ATT-01']).toBe('not asked')
    expect(told['ATT-08']).toBe('not asked')
    expect(told['ATT-09']).toBe('passed')
  })
})

interface ResultCase {
  readonly check: string
  readonly sdkResult: string
}

/** Every check that an expectation of the vectors names, with the result the SDK gives. */
function casesOf(name: string): readonly ResultCase[] {
  const url = new URL(`../../../../test/vectors/matter/attestation/${name}`, import.meta.url)
  const found: ResultCase[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const members = new Map<string, unknown>(Object.entries(value))
    const check = members.get('firstFailedCheck')
    const sdkResult = members.get('sdkResult')
    if (typeof check === 'string' && typeof sdkResult === 'string') found.push({ check, sdkResult })
    for (const inner of members.values()) visit(inner)
  }
  visit(JSON.parse(readFileSync(url, 'utf8')))
  return found
}

describe('results of the SDK', () => {
  it('are explained, all but success', () => {
    const failures = Object.keys(SdkResult).filter((name) => name !== 'kSuccess')
    expect(Object.keys(sdkResults)).toEqual(failures)
    for (const { causes, remedy } of Object.values(sdkResults)) {
      expect(causes.length).toBeGreaterThan(0)
      expect(remedy).not.toBe('')
    }
  })

  it('name the checks that end in them, as in the vectors', () => {
    const cases = ['dut-cd.json', 'dut-dac.json', 'dut-pai.json', 'exchange.json'].flatMap(casesOf)
    const failures = cases.filter(({ check }) => check.startsWith('ATT-'))
    expect(failures.length).toBeGreaterThan(20)
    for (const { check, sdkResult } of failures) {
      const checks: readonly string[] = isSdkFailure(sdkResult) ? sdkResults[sdkResult].checks : []
      expect(checks, `${check} ${sdkResult}`).toContain(check.split(':')[0])
    }
  })

  it('cover every check', () => {
    const covered = new Set<AttestationCheck>(
      Object.values(sdkResults).flatMap(({ checks }) => checks),
    )
    expect([...covered].toSorted()).toEqual(attestationChecks)
  })
})
