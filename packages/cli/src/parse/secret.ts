import { parseFields } from './fields.js'
import { invalidOption } from './invalid-option.js'

/** `id=token,src=FILE` or `id=token,env=NAME`, as docker has it; the id alone takes the variable of that name. */
export function parseSecret(text: string): SecretSource {
  const { id, src, source = src, env, type, ...others } = parseFields(text)
  const isKnown = Object.keys(others).length === 0 && (type === undefined || type === 'file' || type === 'env')
  if (!isKnown || id === undefined || (source !== undefined && env !== undefined)) {
    throw invalidOption('--secret', 'id=NAME,src=FILE or id=NAME,env=VARIABLE', text)
  }
  return source === undefined ? { id, env: env ?? id } : { id, file: source }
}

export type SecretSource =
  | { readonly id: string; readonly env: string }
  | { readonly id: string; readonly file: string }
