import type { CacheRecord } from '@capstan/feature-buildkit'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { toCachePage } from '../../src/render/buildkit-pages.js'

const record: CacheRecord = {
  id: 'o9uxupinbat9qd10iervpqtht',
  sizeBytes: 4096,
  inUse: false,
  description: 'local source for context',
  createdAt: undefined,
  lastUsedAt: new Date(0),
}
const script = 'mount / from exec /bin/sh -c set -e\n\n  for i in 1 2 3; do\n\techo $i\n  done\n'.repeat(20)

function toLines(records: readonly CacheRecord[], width: number): readonly string[] {
  return toCachePage(records, { width, style: (_, text) => text }, new Date(60_000)).split('\n')
}

describe('toCachePage', () => {
  it.each([40, 80, 200])('writes a record with a script as its description on one line, in %i columns', (width) => {
    const lines = toLines([{ ...record, description: script }, record], width)
    expect(lines).toHaveLength(6) // head, two records, an empty line, the sum, the end
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width)
    expect(lines[1]).toMatch(/mount.*…$/)
  })

  it('shortens the description before the ID', () => {
    expect(toLines([{ ...record, description: script }], 80)[1]).toMatch(
      /^o9uxupinbat9qd10iervpqtht {3}4.1 kB {3}1m ago/,
    )
  })

  it('does not shorten texts that fit', () => {
    expect(toLines([record], 80)[1]).toMatch(/local source for context$/)
  })

  it('replaces control characters of a description', () => {
    expect(toLines([{ ...record, description: 'a\u001b[2J\rb' }], 80)[1]).toMatch(/a\ufffd\[2J b$/)
  })
})
