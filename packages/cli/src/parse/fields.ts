/** `key=value,key=value`; a key without a value is empty. */
export function parseFields(text: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    text.split(',').map((field) => {
      const [key = '', ...value] = field.split('=')
      return [key.trim(), value.join('=')]
    }),
  )
}
