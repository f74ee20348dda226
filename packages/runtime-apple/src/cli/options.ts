import type { EnvMap, StringMap } from '@capstan/core/plugin'

/** `--name=value`; an empty value as a separate argument. */
export function toOption(name: string, value: string | undefined): readonly string[] {
  if (value === undefined) return []
  return value === '' ? [`--${name}`, ''] : [`--${name}=${value}`]
}

export function toOptions(name: string, values: readonly string[]): readonly string[] {
  return values.flatMap((value) => toOption(name, value))
}

/** Leaves out `null` values, which are refused earlier: the command cannot remove a variable. */
export function toEnvironment(env: EnvMap): readonly string[] {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== null)
  return toOptions('env', set.map(toPair))
}

export function toPair([key, value]: readonly [string, string]): string {
  return `${key}=${value}`
}

/** An empty value is passed without `=`, because some releases read it as part of the key. */
export function toLabelOptions(labels: StringMap): readonly string[] {
  const pairs = Object.entries(labels).map(([key, value]) => (value === '' ? key : toPair([key, value])))
  return toOptions('label', pairs)
}
