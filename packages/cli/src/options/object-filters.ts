import { splitPair } from './key-values.js'
import { createOptionError } from './option-error.js'

/** A network or a volume, as far as filters select it. */
export interface FilteredObject {
  readonly id?: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * Parses the values of `--filter` of `network ls` and `volume ls`: `name=TEXT`, `id=PREFIX` and `label=KEY[=VALUE]`. An object is
 * selected by one of several names, one of several ids, and all labels, as in docker.
 *
 * @throws HostError INVALID_ARGUMENT naming the option
 */
export function parseObjectFilters(
  texts: readonly string[],
  keys: readonly FilterKey[],
): (object: FilteredObject) => boolean {
  const filters = texts.map((text) => {
    const [key, value] = splitPair(text)
    const known = keys.find((each) => each === key)
    if (known === undefined || !value) {
      throw createOptionError('--filter', keys.map((each) => examples[each]).join(' or '), text)
    }
    return { key: known, value }
  })
  const ofKey = (wanted: FilterKey) => filters.flatMap(({ key, value }) => (key === wanted ? [value] : []))
  const [names, ids, labels] = [ofKey('name'), ofKey('id'), ofKey('label')]
  return (object) =>
    (names.length === 0 || names.some((name) => object.name.includes(name))) &&
    (ids.length === 0 || ids.some((id) => object.id?.startsWith(id) === true)) &&
    labels.every((label) => hasLabel(object, label))
}

/** A kind of filter. */
export type FilterKey = keyof typeof examples

const examples = { name: 'name=TEXT', id: 'id=PREFIX', label: 'label=KEY[=VALUE]' } as const

function hasLabel({ labels }: FilteredObject, label: string): boolean {
  const [key, value] = splitPair(label)
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value)
}
