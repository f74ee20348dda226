import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseElf } from '../../../tools/engine/elf.mjs'

test.skipIf(process.platform !== 'linux')('node is dynamically linked', () => {
  const architecture = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64' | 'arm64']
  expect(parseElf(readFileSync(process.execPath))).toEqual({ architecture, isStatic: false })
})

test('a program without an interpreter segment is statically linked', () => {
  const file = Buffer.alloc(120)
  file.writeUInt32BE(0x7f454c46, 0)
  file.set([2, 1], 4)
  file.writeUInt16LE(183, 18)
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(1, 56)
  file.writeUInt32LE(1, 64)
  expect(parseElf(file)).toEqual({ architecture: 'aarch64', isStatic: true })
})

test.each(['', '#!/bin/sh\n', 'x'.repeat(100)])('%j is no ELF program', (text) => {
  expect(parseElf(Buffer.from(text))).toBeUndefined()
})
