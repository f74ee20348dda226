import { createHostError, type HostError } from '@capstan/core'

/** INVALID_ARGUMENT for one field; what was given is shown in one short line. */
export function refuse(field: string, expected: string, given: unknown): HostError<'INVALID_ARGUMENT'> {
  return createHostError('INVALID_ARGUMENT', { field, expected, given: show(given) })
}

/** The field of one path in the context: `context.files["../x"]`. */
export function toField(part: 'files' | 'directory', path: string): string {
  return `context.${part}[${show(path)}]`
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}
