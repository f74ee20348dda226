import type { ImageInfo } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { pickImage } from '../../src/host/find-image.js'
import { parseImageFilters, toReferenceFilter } from '../../src/host/image-filters.js'

const image = (digit: string, day: number, more: Partial<ImageInfo> = {}): ImageInfo => ({
  id: `sha256:${digit.repeat(64)}`,
  tags: [],
  digests: [],
  sizeBytes: 1,
  createdAt: new Date(Date.UTC(2026, 0, day)),
  labels: {},
  ...more,
})
const old = image('a', 1, { tags: ['old:1', 'registry.example/team/old:2'] })
const middle = image('b', 2, { labels: { role: 'x' }, digests: ['pulled@sha256:1'] })
const recent = image('c', 3, { tags: ['new:latest'], labels: { role: 'y', more: '' } })
const all = [old, middle, recent]

const select = (...filters: readonly string[]) => all.filter((one) => parseImageFilters(filters)(one, all))

describe('parseImageFilters', () => {
  it.each<readonly [readonly string[], readonly ImageInfo[]]>([
    [[], all],
    [['since=old:1'], [middle, recent]],
    [['before=new'], [old, middle]],
    [['since=aaaa', 'before=cccc'], [middle]],
    [['dangling=true'], [middle]],
    [['dangling=0'], [old, recent]],
    [['label=role'], [middle, recent]],
    [['label=role=y', 'label=more'], [recent]],
    [
      ['reference=old', 'reference=new'],
      [old, recent],
    ],
    [['reference=registry.example/team/*'], [old]],
    [['reference=registry.example/*'], []],
    [['reference=pulled'], [middle]],
  ])('selects by %j', (filters, expected) => {
    expect(select(...filters)).toEqual(expected)
  })

  it('throws for an image that does not exist', () => {
    expect(() => select('since=absent')).toThrow('there is no image "absent", which --filter names')
  })

  it('takes the signs of a pattern other than * and ? as they are', () => {
    expect(toReferenceFilter('o.d')(old, all)).toBe(false)
    expect(toReferenceFilter('o?d:*')(old, all)).toBe(true)
  })
})

describe('pickImage', () => {
  it('returns the full ID for a prefix, and any other reference unchanged', () => {
    expect(['a', 'sha256:bb', 'cafe', 'old:1', 'absent'].map((one) => pickImage(all, one))).toEqual([
      old.id,
      middle.id,
      'cafe',
      'old:1',
      'absent',
    ])
  })

  it('prefers a tag, and throws for an ambiguous prefix', () => {
    const tagged = image('d', 1, { tags: ['cc:latest'] })
    expect(pickImage([...all, tagged], 'cc')).toBe('cc')
    expect(() => pickImage([...all, image('c', 4)], 'cc')).toThrow('several images have an ID that begins with "cc"')
  })
})
