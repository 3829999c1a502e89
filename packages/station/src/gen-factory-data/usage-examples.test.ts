import { describe, expect, it } from 'vitest'
import { describeOperation } from './describe-plan.ts'
import { planOf } from './plan.ts'
import { resolveOptions } from './resolve-options.ts'

const anyFile = (): boolean => true

/** The examples of ST's description; its placeholders have the values that it names for them. */
const examples = {
  'STM32WBA6 without OEMiRoT':
    '--provisioning 1 --security 0 --json Provisioning_FactoryData.json --flashAddr 0x81EC000 --flashProvisioningFW STM_Provisioning.bin --flashAppFW Lighting-App.bin --AppFwAddr 0x08000000 --provisioning_script STM32_provisioning.py',
  'STM32WBA6 with OEMiRoT, its address corrected':
    '--provisioning 1 --security 1 --platform wba --json Provisioning_FactoryData.json --flashAddr 0x81EC000 --flashAppFW oemirot_tz_ns_app_enc_sign.bin --AppFwAddr 0x70006000 --provisioning_script STM32_provisioning.py --flashMagicTrailer MagicTrailerValue.bin --flashMagicTrailerAddr 0x701CBFF0 -v',
  'STM32WBA6 with OEMiRoT and TF-M':
    '--provisioning 1 --security 2 --platform wba --json Provisioning_FactoryData.json --flashAddr 0x81EC000 --flashAppFW oemirot_tz_ns_app_enc_sign.bin --AppFwAddr 0x70040000 --provisioning_script STM32_provisioning.py --flashMagicTrailer MagicTrailerValue.bin --flashMagicTrailerAddr 0x701BFFF0 -v',
  'STM32U5 with OEMiRoT':
    '--provisioning 1 --security 1 --platform u5 --json Provisioning_FactoryData.json --flashAddr 0x81EC000 --flashAppFW sbsfu_app_enc_sign.bin --AppFwAddr 0x08100000 --provisioning_script STM32_provisioning.py --flashMagicTrailer MagicTrailerValue.bin --flashMagicTrailerAddr 0x081E5FF0 -v',
  'STM32WB55 in test mode':
    '--provisioning 1 --json Provisioning_FactoryData.json --flashAddr 0x901C0000 --flashCoFW coprocessor.bin --CoFwAddr 0x08094000 --flashProvisioningFW provisioning.bin --flashAppFW app.bin --AppFwAddr 0x08000000 --provisioning_script STM32_provisioning.py --mode test',
  reprogramming: '--provisioning 0 --json Full_FactoryData.json --flashAddr 0x81EC000',
} as const

describe('a usage example of the original', () => {
  it.each<[keyof typeof examples, readonly string[]]>([
    [
      'STM32WBA6 without OEMiRoT',
      [
        'check-port COM5',
        'build-image',
        'program factory-data 0x081EC000',
        'program provisioning-firmware 0x08000000 STM_Provisioning.bin',
        'reset',
        'provision COM5',
        'program application 0x08000000 Lighting-App.bin',
        'reset',
      ],
    ],
    [
      'STM32WBA6 with OEMiRoT, its address corrected',
      [
        'check-port COM5',
        'build-image',
        'run-script regression AUTO',
        'run-script provisioning AUTO',
        'program factory-data 0x081EC000',
        'reset',
        'provision COM5',
        'program application 0x70006000 oemirot_tz_ns_app_enc_sign.bin',
        'program magic-trailer 0x701CBFF0 MagicTrailerValue.bin',
        'reset',
      ],
    ],
    [
      'STM32WBA6 with OEMiRoT and TF-M',
      [
        'check-port COM5',
        'build-image',
        'run-script regression AUTO',
        'run-script provisioning AUTO',
        'program factory-data 0x081EC000',
        'reset',
        'provision COM5',
        'program application 0x70040000 oemirot_tz_ns_app_enc_sign.bin',
        'program magic-trailer 0x701BFFF0 MagicTrailerValue.bin',
        'reset',
      ],
    ],
    [
      'STM32U5 with OEMiRoT',
      [
        'check-port COM5',
        'build-image',
        'run-script regression AUTO',
        'run-script SBSFU_UPDATE AUTO',
        'program factory-data 0x081EC000',
        'reset',
        'provision COM5',
        'program application 0x08100000 sbsfu_app_enc_sign.bin',
        'program magic-trailer 0x081E5FF0 MagicTrailerValue.bin',
        'reset',
      ],
    ],
    [
      'STM32WB55 in test mode',
      [
        'check-port COM5',
        'build-image',
        'coprocessor-start',
        'coprocessor-upgrade 0x08094000 coprocessor.bin',
        'coprocessor-option-bytes nSWboot0=1 nboot1=1 nboot0=1',
        'program factory-data 0x901C0000 with S25FL128S_STM32WB5MM-DK',
        'program provisioning-firmware 0x08000000 provisioning.bin',
        'reset',
        'provision COM5 mode 0',
        'program application 0x08000000 app.bin',
        'reset',
      ],
    ],
    ['reprogramming', ['build-image', 'program factory-data 0x081EC000', 'reset']],
  ])('has its plan: %s', (name, plan) => {
    const { findings, options } = resolveOptions(examples[name].split(' '), anyFile)
    expect(findings).toEqual([])
    if (options === undefined) throw new Error('no options')
    expect(planOf(options, 'COM5').map(describeOperation)).toEqual(plan)
  })

  it('is refused for its address of nine digits, as it is printed for security 1', () => {
    const printed = examples['STM32WBA6 with OEMiRoT, its address corrected'].replace(
      '0x70006000',
      '0x700060000',
    )
    const { findings, options } = resolveOptions(printed.split(' '), anyFile)
    expect(options).toBeUndefined()
    expect(findings).toMatchObject([
      { rule: 'CLI-07', severity: 'error', field: '--AppFwAddr', value: '0x700060000' },
    ])
  })
})
