import type { RuntimeEvent } from '@capstan/core'
import type { EventKind, StringMap } from '@capstan/core/plugin'
import { splitPair } from '../options/key-values.js'
import { createOptionError } from '../options/option-error.js'
import { toDockerAction } from '../render/event-row.js'

/** What the values of `--filter` select. */
export interface EventFilters {
  /** `undefined`: all kinds. */
  readonly kinds: readonly EventKind[] | undefined
  /** The labels with a value. `undefined` if there are none. */
  readonly labels: StringMap | undefined
  readonly isSelected: (event: RuntimeEvent) => boolean
}

/**
 * Parses the values of `--filter`, with the names and the words of docker.
 *
 * @throws HostError INVALID_ARGUMENT for an unknown filter or kind
 */
export function parseEventFilters(texts: readonly string[]): EventFilters {
  const filters = new Map<string, string[]>()
  for (const text of texts) {
    const [name, value] = splitPair(text)
    if (value === undefined || !names.has(name)) throw createOptionError('--filter', expected, text)
    filters.set(name, [...(filters.get(name) ?? []), value])
  }
  const labels = (filters.get('label') ?? []).map(splitPair)
  const withValues = labels.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]))
  const keys = labels.flatMap(([key, value]) => (value === undefined ? [key] : []))
  return {
    kinds: filters.get('type')?.map(toKind),
    labels: withValues.length === 0 ? undefined : Object.fromEntries(withValues),
    isSelected: (event) =>
      keys.every((key) => event.kind === 'container' && key in event.labels) &&
      [...names].every((name) => {
        const values = filters.get(name)
        const matches = matchers[name]
        return values === undefined || matches === undefined || values.some((value) => matches(event, value))
      }),
  }
}

function toKind(text: string): EventKind {
  const kind = kinds.find((known) => known === text)
  if (kind === undefined) throw createOptionError('--filter', `type=${kinds.join(', type=')}`, `type=${text}`)
  return kind
}

const kinds = ['container', 'image', 'network', 'volume'] as const

const matchers: Readonly<Record<string, (event: RuntimeEvent, value: string) => boolean>> = {
  event: (event, value) => value === toDockerAction(event) || toDockerAction(event).startsWith(`${value}: `),
  container: (event, value) => event.kind === 'container' && isNamed(event, value),
  network: (event, value) => event.kind === 'network' && isNamed(event, value),
  volume: (event, value) => event.kind === 'volume' && event.name === value,
  image: (event, value) => {
    if (event.kind === 'container') return isReference(event.image, value)
    if (event.kind !== 'image') return false
    const digits = value.replace('sha256:', '')
    const isId = digits !== '' && event.id?.replace('sha256:', '').startsWith(digits) === true
    return isId || isReference(event.reference ?? '', value)
  },
}

const names: ReadonlySet<string> = new Set([...Object.keys(matchers), 'type', 'label'])
const expected = `one of ${[...names].join(', ')} with a value, such as event=die`

function isNamed({ id, name }: { readonly id: string; readonly name: string }, value: string): boolean {
  return name === value || (value !== '' && id.startsWith(value))
}

/** Whether the reference is the value, or would be with its tag. */
function isReference(reference: string, value: string): boolean {
  return reference === value || (reference.startsWith(`${value}:`) && !value.includes(':'))
}
