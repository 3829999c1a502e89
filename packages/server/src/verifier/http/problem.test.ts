import { STATUS_CODES } from 'node:http'
import { EatError } from '@keyline/eat'
import { describe, expect, it } from 'vitest'
import { errorStatus } from '../../answer/status.ts'
import { ServerError, serverErrorTable, type ServerErrorCode } from '../../errors.ts'
import { problem } from './problem.ts'

function told(error: unknown) {
  const { status, headers, body } = problem(error)
  return { status, headers, json: JSON.parse(String(body)) }
}

const isCode = (code: string): code is ServerErrorCode => code in serverErrorTable

describe('a problem', () => {
  it.each(Object.keys(errorStatus).filter(isCode))(
    'of %s has the form of the interface',
    (code) => {
      const { status, json } = told(new ServerError(code, 'one\r\ntwo'))
      expect(status).toBe(errorStatus[code])
      expect(json).toEqual({
        type: `urn:keyline:error:${code}`,
        title: STATUS_CODES[status],
        status,
        detail: 'one two',
        code: expect.stringMatching(/^[a-z]+(?:-[a-z]+)*$/),
      })
    },
  )

  it('tells nothing of what it does not know', () => {
    const { status, json } = told(new Error('password=hunter2'))
    expect([status, json.code]).toEqual([500, 'internal'])
    expect(JSON.stringify(json)).not.toContain('hunter2')
  })

  it('of a part below that failed says that nothing could be checked, and not why', () => {
    const { status, headers, json } = told(
      new ServerError('SERVER_UNAVAILABLE', 'no answer', { details: { retryAfterMs: 1_500 } }),
    )
    expect([status, json.code, headers]).toEqual([503, 'unavailable', { 'Retry-After': '2' }])
    expect(told(new EatError('E_CBOR_TRAILING', 'x')).status).toBe(500)
  })

  it('of a refusal for the media type or credentials says what is taken', () => {
    const details = { accept: 'a/b, c/d' }
    expect(told(new ServerError('SERVER_MEDIA_TYPE', 'x', { details })).headers).toEqual({
      Accept: 'a/b, c/d',
    })
    expect(told(new ServerError('SERVER_CREDENTIALS_MISSING', 'x')).headers).toEqual({
      'WWW-Authenticate': expect.stringMatching(/^Basic .*Bearer/),
    })
  })
})
