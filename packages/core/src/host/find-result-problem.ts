import type { ProbeResult, RuntimeLocation } from '../contract/probe.js'

/** Finds why the result of a probe is invalid; `undefined` if it is valid. Plugins may be written in plain JavaScript. */
export function findResultProblem(result: unknown): string | undefined {
  const available = toField(result, 'available')
  if (typeof available !== 'boolean') return 'has a probe result without a boolean "available"'
  if (!available && typeof toField(result, 'chosen') !== 'boolean')
    return 'has a probe result without a boolean "chosen"'
  const list = (available ? requiredArrays : attemptArrays).find(
    ({ field, isEntry }) => !isList(result, field, isEntry),
  )
  if (list !== undefined) return `has a probe result without a valid array "${list.field}"`
  if (!available) return undefined
  const text = requiredStrings.find((field) => typeof toField(result, field) !== 'string')
  if (text !== undefined) return `has a probe result without a string "${text}"`
  const location = toField(result, 'location')
  if (location !== undefined && !locations.some((known) => known === location))
    return 'has a probe result with an unknown "location"'
  return findProvidesProblem(toField(result, 'provides'))
}

function findProvidesProblem(provides: unknown): string | undefined {
  const tokens = Array.isArray(provides) ? provides.map((capability) => toField(capability, 'token')) : []
  if (tokens.some((token) => typeof token !== 'symbol'))
    return 'has a probe result that provides something other than a capability'
  return new Set(tokens).size === tokens.length ? undefined : 'has a probe result that provides a capability twice'
}

function isList(result: unknown, field: string, isEntry: (entry: unknown) => boolean): boolean {
  const list = toField(result, field)
  return Array.isArray(list) && Array.from(list).every(isEntry) // `every` of a sparse array skips its holes
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

interface ArrayField {
  readonly field: keyof Extract<ProbeResult<unknown>, { available: true }>
  readonly isEntry: (entry: unknown) => boolean
}

const attemptArrays: readonly ArrayField[] = [{ field: 'attempts', isEntry: isAttempt }]
const requiredArrays: readonly ArrayField[] = [
  { field: 'provides', isEntry: (entry) => hasTexts(entry, ['id', 'title']) },
  { field: 'absent', isEntry: (entry) => hasTexts(entry, ['id', 'title', 'reason']) },
  { field: 'unsupportedOptions', isEntry: (entry) => hasTexts(entry, ['field', 'reason']) },
  { field: 'notes', isEntry: (entry) => typeof entry === 'string' },
  ...attemptArrays,
]
const requiredStrings = ['version', 'endpoint'] as const
const locations: readonly RuntimeLocation[] = ['this-machine', 'virtual-machine', 'elsewhere']
