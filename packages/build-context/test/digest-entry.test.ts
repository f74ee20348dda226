import { createHash } from 'node:crypto'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ContextEntry, digestEntry, packContextEntries, readBuildContext } from '@capstan/build-context'
import type { BuildContext } from '@capstan/core'
import { expect, test } from 'vitest'
import { makeTree } from './temp-context.js'

async function readFirst(context: BuildContext): Promise<ContextEntry> {
  for await (const entry of readBuildContext(context)) return entry
  throw new Error('the context is empty')
}

test('returns the digest of a file in memory and on disk', async () => {
  const directory = await makeTree({ a: 'x'.repeat(100_000) })
  const digest = createHash('sha256').update('x'.repeat(100_000)).digest('hex')
  expect(await digestEntry(await readFirst({ directory }))).toMatchObject({ path: 'a', sizeBytes: 100_000, digest })
  expect(await digestEntry(await readFirst({ files: { a: 'x'.repeat(100_000) } }))).toMatchObject({ digest })
})

test('ends the archive with an error when a file no longer matches its digest', async () => {
  const directory = await makeTree({ a: 'one' })
  await utimes(join(directory, 'a'), 1, 1)
  const entry = await digestEntry(await readFirst({ directory }))
  expect((await packContextEntries([entry]).toArray()).length).toBeGreaterThan(0)
  await writeFile(join(directory, 'a'), 'two')
  await utimes(join(directory, 'a'), 1, 1)
  await expect(packContextEntries([entry]).toArray()).rejects.toMatchObject({
    facts: { subject: '"a" in the build context', reason: 'it changed after it was first read' },
  })
})

test('ends the archive with an error when bytes in memory have changed', async () => {
  const bytes = Buffer.from('one')
  const entry = await digestEntry(await readFirst({ files: { a: bytes } }))
  bytes.write('two')
  await expect(packContextEntries([entry]).toArray()).rejects.toMatchObject({ code: 'OPERATION_FAILED' })
})
