import type { EnvMap, StringMap } from '@capstan/core/plugin'

/** Converts an option to `--name=value`; with an empty value, to two arguments. */
export function toOption(name: string, value: string | undefined): readonly string[] {
  if (value === undefined) return []
  return value === '' ? [`--${name}`, ''] : [`--${name}=${value}`]
}

export function toOptions(name: string, values: readonly string[]): readonly string[] {
  return values.flatMap((value) => toOption(name, value))
}

/** Converts variables to options. `null` values are left out: they are rejected earlier, as the command cannot unset them. */
export function toEnvironment(env: EnvMap): readonly string[] {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== null)
  return toOptions('env', set.map(toPair))
}

export function toPair([key, value]: readonly [string, string]): string {
  return `${key}=${value}`
}

/** Converts labels to options. An empty value is passed without `=`, because some releases read that as part of the key. */
export function toLabelOptions(labels: StringMap): readonly string[] {
  const pairs = Object.entries(labels).map(([key, value]) => (value === '' ? key : toPair([key, value])))
  return toOptions('label', pairs)
}
