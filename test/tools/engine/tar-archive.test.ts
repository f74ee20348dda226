import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { toTarArchive } from '../../../tools/engine/tar-archive.mjs'

const long = `${'directory/'.repeat(11)}file`
const entries = [
  { path: 'bin', directory: true } as const,
  { path: 'bin/tool', mode: 0o755, content: Buffer.from('content') },
  { path: 'bin/link', link: '/bin/tool' },
  { path: long, content: Buffer.alloc(513) },
]

test('tar reads types, modes, links and long paths of the archive', () => {
  const listing = execFileSync('tar', ['-tv', '--numeric-owner'], { input: toTarArchive(entries), encoding: 'utf8' })
  expect(listing).toMatch(/^drwxr-xr-x 0\/0 +0 .* bin\/$/m)
  expect(listing).toMatch(/^-rwxr-xr-x 0\/0 +7 .* bin\/tool$/m)
  expect(listing).toMatch(/^lrwxr-xr-x 0\/0 +0 .* bin\/link -> \/bin\/tool$/m)
  expect(listing).toMatch(new RegExp(`^-rw-r--r-- 0/0 +513 .* ${long}$`, 'm'))
})

test('the first of two entries with the same path is used', () => {
  const first = { path: 'a', content: Buffer.from('first') }
  const archive = toTarArchive([first, { path: 'a', content: Buffer.from('second') }])
  expect(archive).toEqual(toTarArchive([first]))
})

test('the same entries give the same bytes', () => {
  expect(toTarArchive(entries)).toEqual(toTarArchive(entries))
})
