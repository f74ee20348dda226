import { expect, test } from 'vitest'
import { parseMirror, parseUris, toAptConfig } from '../../../tools/engines/debian-archive.mjs'

const sha256 = 'ab'.repeat(32)

test('reads the names and hashes of the files to download', () => {
  const output = `Reading package lists...
'http://archive/pool/main/d/docker.io/docker.io_28.5.2%2bdfsg4-5_amd64.deb' docker.io_28.5.2+dfsg4-5_amd64.deb 19311940 SHA256:${sha256}
'http://archive/pool/main/libs/libsubid/libsubid4_4.13_amd64.deb' libsubid4_1%3a4.13_amd64.deb 211000 SHA256:${sha256}
`
  expect(parseUris(output)).toEqual([
    { file: 'docker.io_28.5.2+dfsg4-5_amd64.deb', sha256 },
    { file: 'libsubid4_1%3a4.13_amd64.deb', sha256 },
  ])
})

test('keeps the settings of downloads of the machine and none of its hooks, sources and folders', () => {
  const machine = [
    'Acquire::http::Proxy "http://proxy:3128";',
    'Acquire::IndexTargets::deb::DEP-11 "";',
    'APT::Update::Post-Invoke:: "hook";',
    'Dir::State "/var/lib/apt";',
  ]
  const lines = toAptConfig('/cache/forky', machine.join('\n')).split('\n')
  expect(lines[0]).toBe(machine[0])
  expect(lines).not.toEqual(expect.arrayContaining([expect.stringMatching(/DEP-11|hook|var\/lib\/apt/)]))
  expect(lines).toContain('Dir::State::status "/cache/forky/status";')
  expect(lines).toContain('Dir::Etc::parts "/dev/null";')
})

test('finds the archive of Debian beside other archives', () => {
  const lines = [
    '$(ORIGIN) cloud http://other/apt/',
    'Debian bookworm-updates http://archive/debian/',
    'Debian bookworm http://mirror/debian/',
  ]
  expect(parseMirror(lines.join('\n'))).toBe('http://mirror/debian/')
  expect(parseMirror('Ubuntu noble http://archive/ubuntu/\n')).toBeUndefined()
})
