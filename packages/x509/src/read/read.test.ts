import { expect, it } from 'vitest'
import * as full from '../index.ts'
import * as read from './index.ts'

it('is a part of the full face, value for value', () => {
  expect(full).toMatchObject({ ...read })
  expect(Object.keys(read)).toContain('parseCertificate')
})
