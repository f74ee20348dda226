import { parseFields } from './fields.js'
import { invalidOption } from './invalid-option.js'

/** What `--output` asks for. */
export type OutputChoice =
  | { readonly type: 'load' | 'push' | 'cache-only' }
  | { readonly type: 'archive'; readonly format: 'docker' | 'oci' | 'files'; readonly file: string }

export function parseBuildOutput(text: string): OutputChoice {
  if (text === 'load' || text === 'push' || text === 'cache-only') return { type: text }
  const { type, dest, ...others } = parseFields(text)
  const isArchive = type === 'docker' || type === 'oci' || type === 'files'
  if (isArchive && dest && Object.keys(others).length === 0) return { type: 'archive', format: type, file: dest }
  throw invalidOption('--output', 'load, push, cache-only, or type=docker|oci|files,dest=FILE', text)
}

/** Whether the result is an image that carries the tags. */
export function isTagged(output: OutputChoice): boolean {
  return output.type === 'archive' ? output.format !== 'files' : output.type !== 'cache-only'
}
