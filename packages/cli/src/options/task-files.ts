import type { JobConfig } from '@capstan/core'
import { parseFields } from './key-values.js'
import { createOptionError } from './option-error.js'

/** Parses a secret of a job or service. As in docker, a relative target is a path in `/run/secrets`. */
export function parseSecret(text: string, option: string): NonNullable<JobConfig['secrets']>[number] {
  const { source: secretId, target } = parseReference(text, option)
  return { secretId, target: target.startsWith('/') ? target : `/run/secrets/${target}` }
}

/** Parses a config of a job or service. As in docker, a relative target is a path in `/`. */
export function parseConfig(text: string, option: string): NonNullable<JobConfig['configs']>[number] {
  const { source: configId, target } = parseReference(text, option)
  return { configId, target: target.startsWith('/') ? target : `/${target}` }
}

/** Parses `NAME` and `source=NAME,target=PATH`. */
function parseReference(text: string, option: string): { readonly source: string; readonly target: string } {
  const isName = !text.includes('=') && !text.includes(',')
  const { source = isName ? text : '', src = source, target = src, ...others } = isName ? {} : parseFields(text)
  if (src === '' || target === '' || Object.keys(others).length > 0)
    throw createOptionError(option, 'NAME or source=NAME,target=PATH', text)
  return { source: src, target }
}
