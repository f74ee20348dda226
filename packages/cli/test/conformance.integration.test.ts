import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { spawnCapstan } from './support/spawn-capstan.js'

const memory = fileURLToPath(new URL('../../runtime-memory', import.meta.url))
const crashing = fileURLToPath(new URL('../../../test/fixtures/crashing-plugin.mjs', import.meta.url))
const logging = fileURLToPath(new URL('../../../test/fixtures/logging-plugin.mjs', import.meta.url))
const keepAlive = fileURLToPath(new URL('../../../test/fixtures/keep-alive-plugin.mjs', import.meta.url))

// Runs the compiled command, and needs no engine.
describe('capstan conformance, as a process', () => {
  it('tests a plugin from a folder, also in a separate process', async () => {
    const argv = ['conformance', '--plugin', memory, '--only', 'PROC,NAME', '--json']
    const { exitCode, stdout } = await spawnCapstan(argv, { env: {} })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ counts: { failed: 0, absent: 0, unsupported: 0 } })
  })

  it('fails PROC-001 and exits with 1 when the plugin keeps the process alive', async () => {
    const argv = ['conformance', '--plugin', keepAlive, '--only', 'PROC']
    const { exitCode, stdout } = await spawnCapstan(argv, { env: {} })
    expect(exitCode).toBe(1)
    expect(stdout).toMatch(/^PROC-001 /m)
  })

  it.each([
    ['timer', 'threw an uncaught error: Error: in a timer'],
    ['emitter', 'threw an uncaught error: Error: in an event'],
    ['rejection', 'did not handle a rejection: Error: in a promise'],
    ['exit', 'called process.exit: Error: process.exit(0) was called'],
    ['unreadable', 'did not handle a rejection: a value that cannot be read'],
  ])('fails the case, writes the report and exits with 3 when the plugin crashes (%s)', async (crash, message) => {
    const folder = await mkdtemp(join(tmpdir(), 'capstan-crash-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const report = join(folder, 'report.json')
    const argv = ['conformance', '--plugin', crashing, '--only', 'RT-001,NAME', '--report', report]
    const { exitCode, stdout } = await spawnCapstan(argv, { env: { CRASH: crash } })
    expect(exitCode, stdout).toBe(3)
    const { cases, counts } = JSON.parse(await readFile(report, 'utf8'))
    expect(counts.passed).toBeGreaterThan(0)
    const failed = cases.find(({ id }: { readonly id: string }) => id === 'RT-001')
    const unhandled = expect.objectContaining({ message: `the plugin ${message}`, unhandled: true })
    expect(failed).toMatchObject({ status: 'failed', failures: expect.arrayContaining([unhandled]) })
  })

  it('exits with 130 on Ctrl-C, before the last case', async () => {
    const running = spawnCapstan(['conformance', '--plugin', logging], { env: {} })
    running.stderr.on('data', (text) => {
      if (String(text).includes('probed 100\n')) running.kill('SIGINT')
    })
    const { exitCode, stdout, stderr } = await running
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' })
    expect(stderr).not.toContain('probed 400\n')
  })
})
