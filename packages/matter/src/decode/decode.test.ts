import { expect, it } from 'vitest'
import * as full from '../index.ts'
import * as decode from './index.ts'

it('is a part of the full face, value for value', () => {
  expect(full).toMatchObject({ ...decode })
  expect(Object.keys(decode)).toContain('decodeImage')
})
