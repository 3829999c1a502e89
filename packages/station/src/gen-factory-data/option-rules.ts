import type { Finding, RuleTable } from '@keyline/bytes'

/** What is wrong with a command line of genFactoryData. Source: provisioning-station sections 2.3 and 2.6. */
export const optionRules = {
  'CLI-01': {
    severity: 'error',
    text: 'An option is unknown, has no value, or stands twice; or a word belongs to no option.',
    remedy: 'write whole option names, each once, with the value behind it; see --help',
  },
  'CLI-02': {
    severity: 'error',
    text: 'The mode of the run is missing.',
    remedy: 'give --provisioning 0 to write complete data, or --provisioning 1 to provision',
  },
  'CLI-03': {
    severity: 'error',
    text: 'The address of the factory data is missing.',
    remedy: 'give --flashAddr, for example 0x081EC000 on STM32WBA6',
  },
  'CLI-04': {
    severity: 'error',
    text: 'The factory data are given twice.',
    remedy: 'give either --json or --binary',
  },
  'CLI-05': {
    severity: 'error',
    text: 'The factory data are missing.',
    remedy: 'give --json or --binary',
  },
  'CLI-06': {
    severity: 'error',
    text: 'A file that an option names does not exist.',
    remedy: 'check the path; it is relative to the working directory',
  },
  'CLI-07': {
    severity: 'error',
    text: 'An address is no number of 32 bits.',
    remedy: 'write 0x and one to eight hexadecimal digits, or a decimal number',
  },
  'CLI-08': {
    severity: 'error',
    text: 'The provisioning firmware is missing.',
    remedy: 'give --flashProvisioningFW',
  },
  'CLI-09': {
    severity: 'error',
    text: 'The provisioning manager is missing.',
    remedy: 'give --provisioning_script',
  },
  'CLI-10': {
    severity: 'error',
    text: 'The application firmware is missing.',
    remedy: 'give --flashAppFW',
  },
  'CLI-11': {
    severity: 'error',
    text: 'The address of the firmware is missing.',
    remedy: 'give --AppFwAddr',
  },
  'CLI-12': {
    severity: 'error',
    text: 'The address of the coprocessor firmware is missing.',
    remedy: 'give --CoFwAddr beside --flashCoFW',
  },
  'CLI-13': {
    severity: 'error',
    text: 'The mode of the key storage is unknown.',
    remedy: 'give --mode test or --mode production',
  },
  'CLI-14': {
    severity: 'error',
    text: 'Neither a security level nor a mode says which platform is provisioned.',
    remedy: 'give --security on STM32WBA6 and STM32U5, --mode on STM32WB55',
  },
  'CLI-15': {
    severity: 'error',
    text: 'The security level is unknown.',
    remedy: 'give --security 0, 1 or 2',
  },
  'CLI-16': {
    severity: 'error',
    text: 'The platform is unknown, or missing where the security level needs it.',
    remedy: 'give --platform wba or --platform u5',
  },
  'CLI-17': {
    severity: 'error',
    text: 'STM32U5 has no security level 2.',
    remedy: 'give --security 1 on STM32U5',
  },
  'CLI-18': {
    severity: 'error',
    text: 'The magic trailer or its address is missing.',
    remedy: 'give --flashMagicTrailer and --flashMagicTrailerAddr with security 1 and 2',
  },
  'CLI-19': {
    severity: 'error',
    text: 'An additional option has a value that it does not take.',
    remedy: 'use a value that --help names',
  },
  'CLI-20': {
    severity: 'error',
    text: 'One identity on several boards, or several sources of identities, are refused.',
    remedy: 'leave --same-identity to development: policy test, without --batch',
  },
  'CLI-21': {
    severity: 'error',
    text: 'The run has more boards than identities.',
    remedy:
      'choose one board with --boards, give each an identity with --batch, or repeat one with --same-identity',
  },
  'CLI-22': {
    severity: 'error',
    text: 'A script of the platform cannot be found.',
    remedy: 'name the folder of the scripts with --scripts',
  },
  'CLI-23': {
    severity: 'error',
    text: 'The command line and the work order say different things.',
    remedy: 'name the files, addresses and platform of the work order, or correct the order',
  },
  'CLI-24': {
    severity: 'error',
    text: 'The factory data do not have the whole identity of a device.',
    remedy:
      'give the passcode beside salt, iterations and verifier: the station proves the onboarding code with it',
  },
  'CLI-W1': {
    severity: 'warning',
    text: '--mode has no effect beside --security.',
    remedy: 'leave --mode out; it belongs to STM32WB55',
  },
  'CLI-W2': {
    severity: 'warning',
    text: 'An option has no effect in this mode.',
    remedy: 'leave the option out, or check that the mode is the one you mean',
  },
  'CLI-W3': {
    severity: 'warning',
    text: 'ST describes no provisioning of STM32U5 without security.',
    remedy: 'try the result on one board before you make more',
  },
  'CLI-W4': {
    severity: 'warning',
    text: 'A firmware is programmed although only the factory data are renewed.',
    remedy: 'leave the firmware out to keep what the board runs',
  },
  'CLI-W5': {
    severity: 'error',
    text: 'An address lies outside the memory of the platform, or the trailer not at the end of a slot.',
    remedy: 'correct the address, or allow it with --allow-address',
  },
  'CLI-W6': {
    severity: 'warning',
    text: 'Several boards get the same identity: they count as copies of one unit.',
    remedy: 'use such boards for development only',
  },
} as const satisfies RuleTable

export type OptionRule = keyof typeof optionRules

/** One cause of a finding: the option, its value as it was given, and what is wrong with it. */
export interface Cause {
  readonly rule: OptionRule
  readonly option: string
  readonly value?: string | undefined
  readonly message: string
}

/** One finding for each rule, whatever the number of its causes, in ascending order of the rules. */
export function findingsOf(causes: readonly Cause[], allowAddress: boolean): readonly Finding[] {
  const rules = [...new Set(causes.map(({ rule }) => rule))].sort()
  return rules.map((rule) => {
    const own = causes.filter((cause) => cause.rule === rule)
    const { severity, remedy } = optionRules[rule]
    const [first] = own
    const isSingle = own.length === 1
    return {
      rule,
      severity: rule === 'CLI-W5' && allowAddress ? 'warning' : severity,
      field: [...new Set(own.map(({ option }) => option))].join(', '),
      value: isSingle ? (first?.value ?? '') : '',
      message: own
        .map(({ option, value, message }) => {
          if (isSingle) return message
          return value === undefined ? `${option} ${message}` : `${option} ${value} ${message}`
        })
        .join('; '),
      remedy,
    }
  })
}
