import { ownershipLabelKeys, parseOwnerLabels, type StringMap } from '@capstan/core/plugin'
import { toOneLine } from './printable.js'

/** A line of a page about one object. */
export type FieldLine = readonly [name: string, value: string]

/** Formats lines of a name and a value, with the values in one column. */
export function renderFieldLines(lines: readonly FieldLine[]): string {
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${toOneLine(value)}\n`).join('')
}

/** Describes the owner labels in words, and lists the other labels. */
export function toLabelLines(labels: StringMap): readonly FieldLine[] {
  const owner = parseOwnerLabels(labels)
  const persistence = labels[ownershipLabelKeys.lifetime] === 'persistent' ? ', kept by sweep' : ''
  return [
    ...(owner === undefined ? [] : [['created by', `Capstan, process ${owner.pid}${persistence}`] as const]),
    ...Object.entries(labels)
      .filter(([key]) => owner === undefined || !key.startsWith('capstan.'))
      .map(([key, value]) => ['label', `${key}=${value}`] as const),
  ]
}
