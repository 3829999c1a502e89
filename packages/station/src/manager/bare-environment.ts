/** What a program needs to be found and to find its own parts; nothing here holds a secret by its meaning. */
const passed = new Set([
  'PATH',
  'PATHEXT',
  'HOME',
  'USERPROFILE',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SYSTEMROOT',
  'WINDIR',
  'COMSPEC',
  'APPDATA',
  'LOCALAPPDATA',
  'PYTHONPATH',
  'VIRTUAL_ENV',
  'PYENV_ROOT',
  'PYENV_VERSION',
  'NODE_PATH',
])

/** The environment of a manager: tokens, passwords and addresses of the station stay behind. */
export function bareEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    const upper = name.toUpperCase()
    if (value !== undefined && (passed.has(upper) || upper.startsWith('LC_'))) kept[name] = value
  }
  return kept
}
