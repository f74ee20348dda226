import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the suite runs under node:test', { timeout: 60_000 }, async () => {
  const fixture = fileURLToPath(new URL('fixtures/memory-suite.mjs', import.meta.url))
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', fixture], { env })
  expect(stdout).toMatch(/^# pass [1-9]\d$/m)
  expect(stdout).toMatch(/^# fail 0$/m)
})
