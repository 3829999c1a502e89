import { issuerErrorTable } from '@keyline/issuer'
import { LedgerError, ledgerErrorTable, type LedgerErrorCode } from '@keyline/ledger'
import { describe, expect, it } from 'vitest'
import { ServerError } from '../errors.ts'
import { refusal } from './refusal.ts'
import { errorStatus } from './status.ts'
import { toldCodes, toldError } from './told-error.ts'

/** What no station can cause: acts of people on members, orders and certificates. */
const forPeople: ReadonlySet<string> = new Set([
  'LEDGER_TOKEN_INVALID',
  'LEDGER_MEMBER_BLOCKED',
  'LEDGER_MEMBER_UNKNOWN',
  'LEDGER_MEMBER_EXISTS',
  'LEDGER_CERTIFICATE_UNKNOWN',
  'LEDGER_ORDER_DIFFERS',
  'LEDGER_SERIAL_PATTERN',
])

const known = Object.entries(ledgerErrorTable)
const isLedgerCode = (code: string): code is LedgerErrorCode => code in ledgerErrorTable
const ledgerCodes = Object.keys(errorStatus).filter(isLedgerCode)

describe('what a caller is told of the record', () => {
  it('is a code of the issuer for everything that a request for a certificate can end with', () => {
    expect(ledgerCodes.filter((code) => !(code in toldCodes) && !forPeople.has(code))).toEqual([])
    expect(ledgerCodes.length).toBeGreaterThan(20)
  })

  it.each(ledgerCodes.filter((code) => code in toldCodes))(
    'keeps who is at fault for %s, and never blames a board',
    (code) => {
      const told = toldCodes[code]
      if (told === undefined) throw new Error(`${code} is told as it is`)
      const entry = known.find(([one]) => one === code)?.[1]
      const { fault } = issuerErrorTable[told]
      expect(fault).not.toBe('board')
      if (entry?.fault === 'infrastructure') expect(fault).toBe('infrastructure')
      const answer = refusal(new LedgerError(code, 'because'), 'problem')
      expect(answer.status).toBe(errorStatus[told])
      expect(answer.body).toContain(`"code":"${told}"`)
      expect(answer.body).not.toContain('LEDGER_')
    },
  )

  it('names the rule of a key that is taken, and leaves other errors as they are', () => {
    expect(toldError(new LedgerError('LEDGER_KEY_TAKEN', 'x'))).toMatchObject({
      code: 'ISSUER_KEY_KNOWN',
      details: { rule: 'CSR-07' },
    })
    for (const error of [new LedgerError('LEDGER_TOKEN_INVALID', 'x'), new Error('x'), 'x']) {
      expect(toldError(error)).toBe(error)
    }
    const own = new ServerError('SERVER_RATE', 'x')
    expect(toldError(own)).toBe(own)
  })
})
