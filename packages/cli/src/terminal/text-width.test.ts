import { describe, expect, it } from 'vitest'
import { clipToCells, padToCells, shownText } from './text-width.ts'

describe('a text in cells of a terminal', () => {
  it.each([
    ['abcdef', 3, 'abc'],
    ['abc', 3, 'abc'],
    ['灯光灯', 4, '灯光'],
    ['灯光灯', 3, '灯'],
    ['e\u0301e\u0301', 1, 'e\u0301'],
    ['💡💡', 3, '💡'],
    ['\u001b[31mred\u001b[0m text', 5, '\u001b[31mred\u001b[0m t'],
    ['\u001b[31mred\u001b[0m', 1, '\u001b[31mr\u001b[0m'],
    ['abc', 0, ''],
  ])('%j cut to %i is %j', (text, cells, shown) => {
    expect(clipToCells(text, cells)).toBe(shown)
  })

  it.each([
    ['ab', 'ab  '],
    ['abcdef', 'abcd'],
    ['灯', '灯  '],
    ['灯光灯', '灯光'],
    ['a灯光', 'a灯 '],
  ])('%j filled to four is %j', (text, shown) => {
    expect(padToCells(text, 4)).toBe(shown)
  })
})

describe('a text from outside', () => {
  it.each([
    ['plain', 'plain'],
    ['\u001b[2J\u0000\u009b', ' [2J  '],
    ['a\r\nb\u2028c', 'a  b c'],
    ['Größe', 'Größe'],
  ])('%j is shown as %j', (text, shown) => {
    expect(shownText(text)).toBe(shown)
  })
})
