import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { spawnCapstan } from './support/spawn-capstan.js'

const memory = fileURLToPath(new URL('../../runtime-memory', import.meta.url))
const restless = fileURLToPath(new URL('../../../test/fixtures/restless-plugin.mjs', import.meta.url))

// The command as it is installed: nothing here needs an engine, but the built packages are needed.
describe('capstan conformance, as a process', () => {
  it('tries a plugin from a folder, also in a process of its own', async () => {
    const argv = ['conformance', '--plugin', memory, '--only', 'PROC,NAME', '--json']
    const { exitCode, stdout } = await spawnCapstan(argv, { env: {} })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ counts: { failed: 0, absent: 0, refused: 0 } })
  })

  it('ends, though the plugin keeps something open, and tells of it', async () => {
    const argv = ['conformance', '--plugin', restless, '--only', 'PROC']
    const { exitCode, stdout } = await spawnCapstan(argv, { env: {} })
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^PROC-001 /m)
  })

  it('ends with 130 at Ctrl-C, before the last case', async () => {
    const running = spawnCapstan(['conformance', '--plugin', memory], { env: {} })
    running.stderr.on('data', (text) => {
      if (String(text).includes('100 of')) running.kill('SIGINT')
    })
    const { exitCode, stdout, stderr } = await running
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' })
    expect(stderr).not.toContain('400 of')
  })
})
