import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FakePrograms } from '../testing/fake-program.ts'
import { findLoader, findProgrammer } from './find-programmer.ts'

const nothing = { platform: 'linux', environment: {} } as const

describe('the programmer', () => {
  it.each([
    ['the program itself', 'bin/STM32_Programmer_CLI'],
    ['its folder', 'bin'],
    ['the folder above it', '.'],
  ])('is found by %s', async (_, given) => {
    using fake = await FakePrograms.open()
    await mkdir(fake.path('bin'))
    const program = await fake.programmer('', 'bin/STM32_Programmer_CLI')
    expect(await findProgrammer({ ...nothing, given: join(fake.folder, given) })).toBe(program)
    const environment = { KEYLINE_PROGRAMMER: join(fake.folder, given) }
    expect(await findProgrammer({ ...nothing, environment })).toBe(program)
  })

  it('is found on the path, and in the usual folder of this user', async () => {
    using fake = await FakePrograms.open()
    const program = await fake.programmer('')
    const onPath = { PATH: `/nowhere:${fake.folder}` }
    expect(await findProgrammer({ ...nothing, environment: onPath })).toBe(program)
    const usual = fake.path('STMicroelectronics/STM32Cube/STM32CubeProgrammer/bin')
    await mkdir(usual, { recursive: true })
    const installed = join(usual, 'STM32_Programmer_CLI')
    await writeFile(installed, '', { mode: 0o755 })
    expect(await findProgrammer({ ...nothing, environment: { HOME: fake.folder } })).toBe(installed)
  })

  it('that is named is not replaced by another', async () => {
    using fake = await FakePrograms.open()
    await fake.programmer('')
    const missing = findProgrammer({
      platform: 'linux',
      given: '/nowhere',
      environment: { PATH: fake.folder },
    })
    await expect(missing).rejects.toMatchObject({ code: 'STATION_PROGRAMMER_MISSING' })
    await expect(missing).rejects.toThrow('/nowhere/STM32_Programmer_CLI')
  })

  it('is looked for where ST puts it on Windows and macOS', async () => {
    await expect(findProgrammer({ platform: 'win32', environment: {} })).rejects.toThrow(
      /Program Files.*STM32CubeProgrammer.bin.STM32_Programmer_CLI\.exe/,
    )
    await expect(findProgrammer({ platform: 'darwin', environment: {} })).rejects.toThrow(
      '/Applications/STMicroelectronics/',
    )
  })
})

describe('the loader of an external memory', () => {
  it('is a file, a name in the folder of loaders, or the only one of the board', async () => {
    using fake = await FakePrograms.open()
    const program = fake.path('STM32_Programmer_CLI')
    const folder = fake.path('ExternalLoader')
    await mkdir(folder)
    await writeFile(join(folder, 'M95P32_STM32WBA65I-DK1.stldr'), '')
    const board = 'STM32WBA65I-DK1'
    expect(await findLoader(program, { name: './own.stldr', board })).toBe('./own.stldr')
    expect(await findLoader(program, { name: 'M95P32', board })).toBe(join(folder, 'M95P32.stldr'))
    expect(await findLoader(program, { board })).toBe(join(folder, 'M95P32_STM32WBA65I-DK1.stldr'))
  })

  it('is asked for when none or several fit', async () => {
    using fake = await FakePrograms.open()
    const program = fake.path('STM32_Programmer_CLI')
    const advice = {
      details: { class: 'loader' },
      remedy: expect.stringContaining('--externalLoader'),
    }
    await expect(findLoader(program, { board: 'X' })).rejects.toMatchObject(advice)
    await mkdir(fake.path('ExternalLoader'))
    for (const name of ['A_X', 'B_X']) await fake.script(`ExternalLoader/${name}.stldr`, '')
    await expect(findLoader(program, { board: 'X' })).rejects.toMatchObject(advice)
  })
})
