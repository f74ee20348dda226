/** A cache to import or export. */
export interface CacheOption {
  readonly Type: string
  readonly Attrs: Record<string, string>
}

/** Parses `type=registry,ref=…`. A field with a comma is in quotes, in which `""` is one quote, as in CSV. */
export function parseCacheOption(text: string): CacheOption {
  const fields = [...text.matchAll(/"((?:[^"]|"")*)"|([^,]+)/g)].map(([, quoted, plain = '']) =>
    quoted === undefined ? plain : quoted.replaceAll('""', '"'),
  )
  const pairs = fields.map((field) => {
    const at = field.indexOf('=')
    return at === -1 ? ([field, ''] as const) : ([field.slice(0, at).trim(), field.slice(at + 1)] as const)
  })
  const { type: Type = '', ...Attrs } = Object.fromEntries(pairs)
  return { Type, Attrs }
}
