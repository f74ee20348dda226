import type { ProbeResult } from '../contract/probe.js'

/** What keeps a probe's answer from being one, in words; `undefined` when it is sound. Plugins may be plain JavaScript. */
export function findResultProblem(result: unknown): string | undefined {
  const available = toField(result, 'available')
  if (typeof available !== 'boolean') return 'answers its probe without "available"'
  if (!available && typeof toField(result, 'chosen') !== 'boolean') return 'answers its probe without "chosen"'
  const list = (available ? availableLists : attemptLists).find(({ field, isEntry }) => !isList(result, field, isEntry))
  if (list !== undefined) return `answers its probe without a sound list of "${list.field}"`
  if (!available) return undefined
  const text = texts.find((field) => typeof toField(result, field) !== 'string')
  if (text !== undefined) return `answers its probe without a text "${text}"`
  return findClaimProblem(toField(result, 'provides'))
}

function findClaimProblem(provides: unknown): string | undefined {
  const tokens = Array.isArray(provides) ? provides.map((capability) => toField(capability, 'token')) : []
  if (tokens.some((token) => typeof token !== 'symbol')) return 'claims to provide something that is no capability'
  return new Set(tokens).size === tokens.length ? undefined : 'claims to provide a capability twice'
}

function isList(result: unknown, field: string, isEntry: (entry: unknown) => boolean): boolean {
  const list = toField(result, field)
  return Array.isArray(list) && Array.from(list).every(isEntry) // unlike every of the list, it visits holes
}

function hasTexts(value: unknown, fields: readonly string[]): boolean {
  return fields.every((field) => typeof toField(value, field) === 'string')
}

function isAttempt(entry: unknown): boolean {
  return (
    hasTexts(entry, ['candidate', 'source', 'step', 'remedy']) && hasTexts(toField(entry, 'cause'), ['code', 'message'])
  )
}

function toField(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null && field in value ? value[field as keyof typeof value] : undefined
}

interface ListOf {
  readonly field: keyof Extract<ProbeResult<unknown>, { available: true }>
  readonly isEntry: (entry: unknown) => boolean
}

const attemptLists: readonly ListOf[] = [{ field: 'attempts', isEntry: isAttempt }]
const availableLists: readonly ListOf[] = [
  { field: 'provides', isEntry: (entry) => hasTexts(entry, ['id', 'title']) },
  { field: 'absent', isEntry: (entry) => hasTexts(entry, ['id', 'title', 'reason']) },
  { field: 'unsupportedOptions', isEntry: (entry) => hasTexts(entry, ['field', 'reason']) },
  { field: 'notes', isEntry: (entry) => typeof entry === 'string' },
  ...attemptLists,
]
const texts = ['version', 'endpoint'] as const
