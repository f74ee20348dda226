import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWithBuildKit } from '../../../test/support/test-buildkit.js'
import { spawnCapstan } from './support/spawn-capstan.js'

describeWithBuildKit('capstan with BuildKit on a real engine', ({ socketPath, image, buildkitImage }) => {
  const env = { DOCKER_HOST: `unix://${socketPath}`, CAPSTAN_BUILDKIT_IMAGE: buildkitImage, TOKEN: 'hunter2' }
  const tag = `capstan-buildkit-${process.pid}:test`
  const capstan = (...argv: string[]) => spawnCapstan(argv, { env })
  let directory: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'capstan buildkit '))
    await writeFile(join(directory, 'Dockerfile'), 'FROM scratch\nCOPY note.txt /\n')
    await writeFile(join(directory, 'note.txt'), 'from the context\n')
  })
  afterAll(async () => {
    await capstan('buildkit', 'stop')
    await rm(directory, { recursive: true })
    await using host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: env.DOCKER_HOST })] })
    const { runtime } = await host.open()
    if (await runtime.imageExists(tag)) await runtime.removeImage(tag)
  })

  it('builds with BuildKit when its image exists, and loads the result', async () => {
    const { exitCode, stdout, stderr } = await capstan('build', '--builder', 'sidecar', '-t', tag, directory)
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: tag })
    expect(stderr).toMatch(/^#\d+ (DONE|CACHED)/m)
    expect(stderr).toMatch(/Built .* on docker with BuildKit in .*s$/)
    const { stdout: json } = await capstan('build', '--builder', 'sidecar', '-t', tag, '--json', directory)
    expect(JSON.parse(json)).toMatchObject({
      builder: 'sidecar',
      imageId: expect.stringMatching(/^sha256:/),
      unsupportedFeatures: [],
    })
  })

  it('builds a Dockerfile from stdin with a secret from the environment, and writes an archive', async () => {
    const secret = 'RUN --mount=type=secret,id=tok,required=true true'
    const argv = [
      'build',
      '--builder',
      'sidecar',
      '-t',
      tag,
      '-f',
      '-',
      '--output',
      `type=files,dest=${join(directory, 'out.tar')}`,
      directory,
    ]
    const input = 'FROM scratch\nCOPY note.txt /\n'
    expect(await spawnCapstan(argv, { env, input })).toMatchObject({ exitCode: 0 })
    expect(await readFile(join(directory, 'out.tar'), 'latin1')).toContain('from the context')
    const missing = await spawnCapstan(argv, { env, input: `${input}${secret}\n` })
    expect(missing.exitCode).toBe(1)
    expect(missing.stderr).toContain('secret tok: not found')
    expect(missing.stderr).not.toContain('hunter2')
  })

  it('keeps BuildKit running from start to stop, shows its status, and prunes its cache', async () => {
    const { stdout: id } = await capstan('buildkit', 'start')
    const { stdout: status } = await capstan('buildkit', 'status', '--json')
    expect(JSON.parse(status)).toMatchObject({
      running: true,
      containerId: id,
      workers: [{ version: expect.stringMatching(/^v0\./) }],
    })
    await capstan('build', '--builder', 'sidecar', '-t', tag, directory)
    expect((await capstan('buildkit', 'du')).stdout).toContain('local source for context')
    const { stdout: pruned } = await capstan('buildkit', 'prune', '--all', '--json')
    expect(JSON.parse(pruned).records).not.toEqual([])
    expect((await capstan('buildkit', 'stop')).stdout).toBe('BuildKit has stopped on docker.')
    expect((await capstan('buildkit', 'stop')).stdout).toMatch(/^BuildKit does not run (in a container )?on docker/)
  }, 120_000)

  it('connects a container to the socket, and stops BuildKit after it', async () => {
    const script = 'test -S $(echo $BUILDKIT_HOST | cut -c 8-) && echo shared; exit 7'
    const { exitCode, stdout } = await capstan(
      'run',
      '--rm',
      '--buildkit',
      '--network',
      'none',
      image,
      'sh',
      '-c',
      script,
    )
    expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: 'shared' })
    expect((await capstan('buildkit', 'status')).stdout).toMatch(/^BuildKit does not run (in a container )?on docker/)
  })
})
