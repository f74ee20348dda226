import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCapstan } from '../../packages/cli/test/support/run-capstan.js'
import { createSimulatedBuildKitPlugin } from '../../packages/feature-buildkit/test/support/simulated-buildkit.js'

const env = { CAPSTAN_RUNTIME: 'memory' }
let cwd: string

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'capstan buildkit '))
  await writeFile(join(cwd, 'Dockerfile'), 'FROM scratch\nRUN true\n')
})
afterEach(() => rm(cwd, { recursive: true }))

const build = (...argv: readonly string[]) =>
  runCapstan(['build', '-t', 'app', '--builder', 'buildkit', ...argv], {
    env,
    cwd,
    plugins: [createSimulatedBuildKitPlugin({ buildkit: { daemon: { acceptsPushes: true } } })],
  })

describe('capstan build with BuildKit', () => {
  it.each([
    {
      output: 'cache-only',
      last: /^Built with BuildKit in \S+; no image was made, the result is in BuildKit's cache alone$/,
    },
    {
      output: 'type=files,dest=a.tar',
      last: /^Built with BuildKit in \S+, and wrote the files to a\.tar; no image was made$/,
    },
  ])('prints no tag when no image is created: --output $output', async ({ output, last }) => {
    const { exitCode, stdout, stderr } = await build('--output', output)
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(last)
    expect(stderr).not.toContain('on memory')
    const { stdout: json } = await build('--output', output, '--json')
    expect(JSON.parse(json)).toMatchObject({
      tags: [],
      output: { type: output.startsWith('type') ? 'archive' : output },
    })
  })

  it('prints the path of an archive and the tag of its image', async () => {
    const { stdout, stderr } = await build('--output', 'type=oci,dest=a.tar')
    expect(stdout).toBe('app\n')
    expect(stderr).toMatch(/^Built app with BuildKit in \S+, and wrote the image to a\.tar \(oci archive\)$/m)
    expect(await readFile(join(cwd, 'a.tar'), 'utf8')).toContain('oci-layout')
  })

  it('lists what the runtime cannot do when it builds instead', async () => {
    await writeFile(join(cwd, 'Dockerfile'), '# syntax=example/frontend:1\nFROM busybox\n')
    const plugins = [createSimulatedBuildKitPlugin({ buildkit: { exitCode: 1 } })]
    const { exitCode, stderr } = await runCapstan(['build', '-t', 'app'], { env, cwd, plugins })
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/^Built app on memory in \S+$/m)
    expect(stderr).toContain('does not support the syntax "example/frontend:1" that the Dockerfile names')
  })

  it('reports that a push does not load the image', async () => {
    const { stderr } = await build('--output', 'push')
    expect(stderr).toMatch(/^Built and pushed app with BuildKit in \S+; it was not loaded into memory$/m)
  })

  it.each(['auto', 'plain', 'quiet', 'json'])('shows the source of a syntax error: --progress %s', async (progress) => {
    await writeFile(join(cwd, 'Dockerfile'), 'FROM scratch\nFLY away\n')
    const { exitCode, stderr } = await build('--output', 'cache-only', '--progress', progress)
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/unknown instruction: FLY/)
    const excerpt = ['   1 |     FROM scratch', '   2 | >>> FLY away', '   3 |     ']
    if (progress !== 'json') expect(stderr).toContain(`Dockerfile:2\n${excerpt.join('\n')}`)
    else expect(JSON.parse(stderr)).toMatchObject({ errors: [{ facts: { source: { line: 2, excerpt } } }] })
  })
})
