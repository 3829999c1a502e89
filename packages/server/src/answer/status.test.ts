import { bytesErrorTable } from '@keyline/bytes'
import { IssuerError, issuerErrorTable } from '@keyline/issuer'
import { ledgerErrorTable } from '@keyline/ledger'
import { describe, expect, it } from 'vitest'
import { ServerError, serverErrorTable } from '../errors.ts'
import { refusal } from './refusal.ts'
import { errorStatus, statusOf } from './status.ts'

const tables = { ...bytesErrorTable, ...issuerErrorTable, ...ledgerErrorTable, ...serverErrorTable }

/** Codes that are 500, or never reach a caller: they stop a start, belong to clients, or are bugs. */
const inside = new Set([
  'SERVER_EVIDENCE_UNCHECKED',
  'SERVER_BUG',
  'SERVER_SELF_TEST',
  'SERVER_ADDRESS',
  'SERVER_CREDENTIALS_OFF',
  'SERVER_PASSWORD',
  'SERVER_SIGNER_KEY',
])

describe('the status of an error', () => {
  it('is declared for codes that exist, and for every one of the server', () => {
    expect(Object.keys(errorStatus).filter((code) => !(code in tables))).toEqual([])
    const undeclared = Object.keys(serverErrorTable).filter(
      (code) => !(code in errorStatus) && !inside.has(code) && !code.includes('SERVICE_CA'),
    )
    expect(undeclared).toEqual([])
  })

  it('never blames the caller for the infrastructure', () => {
    for (const [code, status] of Object.entries(errorStatus)) {
      const entry = Object.entries(tables).find(([known]) => known === code)?.[1]
      const ours = entry?.fault === 'infrastructure'
      const isConflict = code === 'ISSUER_IDEMPOTENCY_CONFLICT' || code === 'ISSUER_UNIT_UNKNOWN'
      if (ours && !isConflict) expect([code, status]).toEqual([code, status === 429 ? 429 : 503])
    }
  })

  it.each([
    ['CSR-01', 400],
    ['CSR-02', 400],
    ['CSR-05', 400],
    ['CSR-08', 400],
    ['CSR-03', 422],
    ['CSR-04', 422],
    ['CSR-06', 422],
    ['CSR-09', 422],
  ])('of a request that breaks %s is %d', (rule, status) => {
    expect(statusOf(new IssuerError('ISSUER_REQUEST_REFUSED', 'x', { details: { rule } }))).toBe(
      status,
    )
  })

  it('tells nothing of an error that is not known, and names no cause', () => {
    const answer = refusal(new Error('password=hunter2'), 'problem')
    expect(answer.status).toBe(500)
    expect(answer.body).not.toContain('hunter2')
    expect(answer.body).toContain('SERVER_BUG')
  })

  it('comes with a time to wait where waiting helps', () => {
    const late = new ServerError('SERVER_RATE', 'x', { details: { retryAfterMs: 1_001 } })
    expect(refusal(late, 'text')).toMatchObject({ status: 429, headers: { 'Retry-After': '2' } })
    const gone = new ServerError('SERVER_NOT_READY', 'x')
    expect(refusal(gone, 'text')).toMatchObject({ status: 503, headers: { 'Retry-After': '2' } })
  })

  it('stands before two lines of text for EST: a code, then words without control characters', () => {
    const error = new ServerError('SERVER_BODY_INVALID', 'line one\r\nline\u001b[31m two')
    expect(refusal(error, 'text').body).toMatch(
      /^SERVER_BODY_INVALID\nline one line \[31m two\. .*\n$/,
    )
  })
})
