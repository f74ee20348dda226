import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from './documents.js'

interface Limit {
  readonly title: string
  readonly milliseconds: number
  readonly option: string
  readonly file: string
  readonly name: string
}

const limits = readLimits(readFileSync(`${root}docs/timeouts.md`, 'utf8'))

test.each(limits)('docs/timeouts.md has the default of the code: $file, $name', ({ file, name, milliseconds }) => {
  expect(readDefaults(file).get(name)).toContain(milliseconds)
})

test.each(['packages/runtime-docker/src/engine/docker-timeouts.ts', 'packages/runtime-apple/src/apple-timeouts.ts'])(
  'docs/timeouts.md has every limit of %s, by the name of its option',
  (path) => {
    const listed = limits.filter(({ file }) => file === path)
    expect(listed.map(({ name }) => name)).toEqual([...readDefaults(path).keys()])
    for (const { option, name } of listed) expect(option).toBe(`\`timeouts.${name}\``)
  },
)

test('docs/timeouts.md has every row in a table with a header', () => {
  const page = readFileSync(`${root}docs/timeouts.md`, 'utf8')
  const tables = page.split(/\n\n+/).filter((block) => block.startsWith('|'))
  expect(tables.filter((table) => !/^\| Limit .*\n\|(---\|)+\n/.test(table))).toEqual([])
})

/** The rows whose last cell names a file of the code. */
function readLimits(page: string): readonly Limit[] {
  const rows = page.matchAll(/^\| (.+) \| ([\d ]+) \| (.+) \| `(\S+)` `(\w+)` \|$/gm)
  return [...rows].map(([, title = '', number = '', option = '', file = '', name = '']) => ({
    title,
    milliseconds: Number(number.replaceAll(' ', '')),
    option,
    file,
    name,
  }))
}

/** Reads the numeric constants of a file: `answerMs: 60_000`, `graceMs = 500`. */
function readDefaults(file: string): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>()
  for (const [, name = '', value = ''] of readFileSync(`${root}${file}`, 'utf8').matchAll(
    /\b(\w*Ms)(?:: number)? ?[:=] ([\d_]+)\b/g,
  )) {
    found.set(name, [...(found.get(name) ?? []), Number(value.replaceAll('_', ''))])
  }
  return found
}
