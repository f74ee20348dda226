/** Only the fields that have a value: to a runtime a field that is absent and one that is `undefined` are not the same. */
export function withoutUndefined<T extends object>(fields: { readonly [K in keyof T]?: T[K] | undefined }): Partial<T> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  // The keys and the values that are left are those of T.
  return Object.fromEntries(entries) as Partial<T>
}
