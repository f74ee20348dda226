import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type CopySource, findCopyTarget, type GivenTarget } from '../../src/copy/copy-target.js'

const file: CopySource = { name: 'f', isDirectory: false, isContent: false }
const directory: CopySource = { name: 'd', isDirectory: true, isContent: false }
const content: CopySource = { ...directory, isContent: true }
const root: CopySource = { name: '', isDirectory: true, isContent: false }
const absent: GivenTarget = { path: '/to/x', existing: undefined, mustBeDirectory: false }

describe('findCopyTarget', () => {
  it.each([
    ['a file to an absent path gets its name', file, absent, { directory: '/to', name: 'x' }],
    ['a directory to an absent path gets its name', directory, absent, { directory: '/to', name: 'x' }],
    [
      'a directory to an absent path with a slash',
      directory,
      { ...absent, mustBeDirectory: true },
      { directory: '/to', name: 'x' },
    ],
    ['a content to an absent path', content, absent, { directory: '/to', name: 'x' }],
    ['a file to an existing directory', file, { ...absent, existing: 'directory' }, { directory: '/to/x', name: 'f' }],
    [
      'a directory to an existing directory',
      directory,
      { ...absent, existing: 'directory' },
      { directory: '/to/x', name: 'd' },
    ],
    [
      'a content to an existing directory',
      content,
      { ...absent, existing: 'directory' },
      { directory: '/to/x', name: undefined },
    ],
    [
      'a root directory to an existing directory',
      root,
      { ...absent, existing: 'directory' },
      { directory: '/to/x', name: undefined },
    ],
    ['a file to an existing file', file, { ...absent, existing: 'other' }, { directory: '/to', name: 'x' }],
  ] satisfies readonly (readonly [string, CopySource, GivenTarget, object])[])('%s', (_, source, target, expected) => {
    expect(findCopyTarget(source, target, posix)).toEqual(expected)
  })

  it.each([
    ['a directory to an existing file', directory, { ...absent, existing: 'other' }],
    ['a file to an absent path with a slash', file, { ...absent, mustBeDirectory: true }],
    ['a file to an existing file with a slash', file, { ...absent, existing: 'other', mustBeDirectory: true }],
  ] satisfies readonly (readonly [string, CopySource, GivenTarget])[])('rejects %s', (_, source, target) => {
    expect(() => findCopyTarget(source, target, posix)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
