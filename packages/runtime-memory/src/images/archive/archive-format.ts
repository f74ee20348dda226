/** The member of an archived image configuration by which the simulation finds the programs again. */
export const simulationKey = 'capstan.simulation'

/** A value out of JSON, looked at with care. */
export type Json = unknown

/** A member of an object; `undefined` for anything else. */
export function member(value: Json, key: string): Json {
  if (typeof value !== 'object' || value === null) return undefined
  return new Map<string, Json>(Object.entries(value)).get(key)
}

/** The texts of a list; none for anything else. */
export function texts(value: Json): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** The text, or the fallback for anything else. */
export function text(value: Json, fallback = ''): string {
  return typeof value === 'string' ? value : fallback
}

/** The objects of a list; none for anything else. */
export function items(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : []
}
