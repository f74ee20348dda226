/** A parsed JSON value of unknown shape. */
export type Json = unknown

/** Returns a member of an object; `undefined` for any other value. */
export function getMember(value: Json, key: string): Json {
  if (typeof value !== 'object' || value === null) return undefined
  return new Map<string, Json>(Object.entries(value)).get(key)
}

/** Returns the strings of an array; none for any other value. */
export function getStrings(value: Json): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** Returns a string; the fallback for any other value. */
export function getString(value: Json, fallback = ''): string {
  return typeof value === 'string' ? value : fallback
}

/** Returns the items of an array; none for any other value. */
export function getItems(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : []
}
