/** Returns the fields that have a value. The contract distinguishes an absent field from one that is `undefined`. */
export function omitUndefined<T extends object>(fields: { readonly [K in keyof T]?: T[K] | undefined }): Partial<T> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  // The remaining keys and values are those of T.
  return Object.fromEntries(entries) as Partial<T>
}
