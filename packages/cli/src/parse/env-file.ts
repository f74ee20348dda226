/** The `KEY=VALUE` and `KEY` lines of an environment file; blank lines and `#` lines are left out, quotes are kept, as docker does. */
export function parseEnvFile(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
