import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntimeHost } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import { expectShortLines } from '../support/expect-short-lines.js'
import { FakeIo } from '../support/fake-io.js'
import { fakePlugin, unavailable } from '../support/fake-plugin.js'
import { memoryPluginWith } from '../support/memory-plugin-with.js'
import { runCapstan } from '../support/run-capstan.js'

describe('capstan conformance', () => {
  it('shows the counts of each group, and the reasons of unsupported and absent cases', async () => {
    const argv = ['conformance', '--runtime', 'memory', '--only', 'NAME,PORT', '--only', 'PRB-013']
    const { exitCode, stdout, stderr } = await runCapstan(argv, { plugins: [memoryPlugin()] })
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^(\d+) of \1 cases, 0 failed\n$/)
    const lines = stdout.split('\n')
    for (const pattern of [
      /^memory \S+, in this process \(@capstan\/runtime-memory \S+, tested by$/,
      /^PRB +runtime +1$/,
      /^NAME +runtime +\d+$/,
      /^PORT +runtime +\d+ +1$/,
      /^unavailableEnv +1 +the kit was not given "unavailableEnv"$/,
      /^ +→ pass it by --unavailable-env KEY=VALUE$/,
      /^ports\.udp +1 +simulated programs support TCP only$/,
      /^\d+ passed, 0 failed, 1 absent, 1 unsupported, in \d/,
    ]) {
      expect(lines).toContainEqual(expect.stringMatching(pattern))
    }
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  it('exits with 1 and names a failed case with its title and failure', async () => {
    const argv = ['conformance', '--runtime', 'memory', '--only', 'MODE']
    const plugins = [memoryPluginWith({ supportsHostNetwork: () => false })]
    const { exitCode, stdout, stderr } = await runCapstan(argv, { plugins })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^MODE-002 .+\n(\d+) of \1 cases, 1 failed\n$/)
    expect(stdout).toMatch(/^MODE-002 {3}/m)
    expect(stdout).toMatch(/^ +→ expected supportsHostNetwork to be true; saw false$/m)
    expect(stdout).toMatch(/^\d+ passed, 1 failed, 0 absent, 0 unsupported, in \d/m)
  })

  it('prints the report as JSON, and writes the same to a file', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'capstan-report-'))
    try {
      const argv = ['conformance', '--runtime', 'memory', '--only', 'NAME', '--json', '--report', 'report.json']
      const { exitCode, stdout } = await runCapstan(argv, { plugins: [memoryPlugin()], cwd })
      const printed: unknown = JSON.parse(stdout)
      expect(exitCode).toBe(0)
      expect(printed).toMatchObject({
        schemaVersion: 1,
        counts: { failed: 0 },
        only: ['NAME'],
        plugin: { name: 'memory' },
      })
      expect(JSON.parse(await readFile(join(cwd, 'report.json'), 'utf8'))).toEqual(printed)
    } finally {
      await rm(cwd, { recursive: true })
    }
  })

  it('fails before the first case when the report cannot be written', async () => {
    const argv = ['conformance', '--runtime', 'memory', '--report', '/missing/folder/report.json']
    const { exitCode, stderr, stdout } = await runCapstan(argv, { plugins: [memoryPlugin()] })
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
    expect(stderr).toBe(
      'capstan conformance: the report /missing/folder/report.json cannot be written: its directory does not exist\n',
    )
  })

  it.each([
    ['no plugin', [], /no plugin is selected\n {2}→ use --plugin/],
    ['an unknown name', ['--runtime', 'podman'], /no plugin is named "podman"\n {2}known: memory\n/],
    ['an unknown case', ['--runtime', 'memory', '--only', 'RT-999'], /no case matches RT-999\n {2}groups: PRB, REG/],
    ['an image that is not there', ['--runtime', 'memory', '--image', 'x.invalid/none'], /x\.invalid\/none/],
    ['a time that is none', ['--runtime', 'memory', '--timeout', 'long'], /--timeout must be a number, not "long"/],
  ])('exits with 125 and writes short lines for %s', async (_, options, sentence) => {
    const { exitCode, stderr, stdout } = await runCapstan(['conformance', ...options], { plugins: [memoryPlugin()] })
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
    expect(stderr).toMatch(sentence)
    expectShortLines(stderr)
  })

  it('reads the name from CAPSTAN_RUNTIME', async () => {
    const options = { plugins: [memoryPlugin()], env: { CAPSTAN_RUNTIME: 'memory' } }
    expect(await runCapstan(['conformance', '--only', 'REF'], options)).toMatchObject({ exitCode: 0 })
  })

  it('names the failed endpoint when the plugin finds no runtime', async () => {
    const plugins = [fakePlugin('docker', unavailable())]
    const { exitCode, stderr } = await runCapstan(['conformance', '--runtime', 'docker'], { plugins })
    expect(exitCode).toBe(125)
    expect(stderr).toContain('unix:///var/run/docker.sock')
  })

  it('exits with 130 when it is interrupted, and removes its resources', async () => {
    const io = new FakeIo()
    const plugin = memoryPluginWith({
      waitContainer: () => {
        io.signals.emit('SIGINT')
        return new Promise(() => {})
      },
    })
    const argv = ['conformance', '--runtime', 'memory', '--only', 'EXIT']
    expect(await runCapstan(argv, { plugins: [plugin], io })).toMatchObject({ exitCode: 130, stdout: '' })
    await using host = createRuntimeHost({ plugins: [plugin] })
    expect(await (await host.open({ runtime: 'memory' })).runtime.listContainers()).toEqual([])
  })
})
