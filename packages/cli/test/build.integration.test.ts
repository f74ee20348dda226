import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { packBuildContext } from '@capstan/build-context'
import { buildServiceCapability, createRuntimeHost } from '@capstan/core'
import { dockerPlugin } from '@capstan/runtime-docker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testEngine } from '../../../test/support/test-engine.js'
import { spawnCapstan } from './support/spawn-capstan.js'

const absent = testEngine.available
  ? testEngine.details?.absent.find(({ id }) => id === buildServiceCapability.id)
  : undefined
if (absent !== undefined) console.log(`skipped: ${absent.reason}`)

describe.skipIf(!testEngine.available || absent !== undefined)("capstan build with the engine's own BuildKit", () => {
  const { socketPath, image } = testEngine.available ? testEngine : { socketPath: '', image: '' }
  const env = { DOCKER_HOST: `unix://${socketPath}`, TOKEN: 'hunter2' }
  const tags: string[] = []
  /** An image that loses its tag to another build would stay. */
  const createTag = () => {
    const tag = `capstan-build-${process.pid}:test-${tags.length}`
    tags.push(tag)
    return tag
  }
  const capstan = (...argv: string[]) => spawnCapstan(argv, { env })
  let directory: string
  let agent: Server

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'capstan build '))
    await writeFile(join(directory, 'Dockerfile'), `FROM ${image}\nCOPY note.txt /\nCMD ["cat", "/note.txt"]\n`)
    await writeFile(join(directory, 'note.txt'), 'from the context\n')
    await mkdir(join(directory, 'lib'))
    await writeFile(join(directory, 'lib/code'), 'from the library\n')
    // An agent without keys: https://datatracker.ietf.org/doc/html/draft-miller-ssh-agent#section-4.4
    agent = createServer((socket) => socket.on('data', () => socket.write(Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0]))))
    await new Promise<void>((resolve) => agent.listen(join(directory, 'agent'), resolve))
  })
  afterAll(async () => {
    agent.close()
    await rm(directory, { recursive: true })
    await using host = createRuntimeHost({ plugins: [dockerPlugin({ endpoint: env.DOCKER_HOST })] })
    const { runtime } = await host.open()
    for (const tag of tags) await runtime.removeImage(tag)
  })

  it('builds with the default builder, uses the cache the second time, and runs the image', async () => {
    const tag = createTag()
    const { exitCode, stdout, stderr } = await capstan('build', '-t', tag, directory)
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: tag })
    expect(stderr).toMatch(/^Building with the engine's BuildKit/)
    expect(stderr).toMatch(/^#\d+ DONE \d+\.\ds$/m)
    expect((await capstan('build', '-t', tag, directory)).stderr).toMatch(/COPY note\.txt[^#]*#\d+ CACHED/)
    expect((await capstan('run', '--rm', tag)).stdout).toBe('from the context')
    expect(JSON.parse((await capstan('build', '-t', tag, '--json', directory)).stdout)).toMatchObject({
      builder: 'build-service',
      imageId: expect.stringMatching(/^sha256:/),
      ref: expect.any(String),
    })
  })

  it('writes the files of a stage to a directory and to stdout', async () => {
    const out = join(directory, 'out')
    const input = 'FROM scratch\nCOPY note.txt /deep/\n'
    const argv = ['build', '-f', '-', directory]
    expect((await spawnCapstan([...argv, '-o', out], { env, input })).exitCode).toBe(0)
    expect(await readFile(join(out, 'deep/note.txt'), 'utf8')).toBe('from the context\n')
    expect((await spawnCapstan([...argv, '-o', '-'], { env, input })).stdout).toContain('from the context\n')
  })

  it('builds an archive and a Dockerfile on stdin', async () => {
    const input = await buffer(await packBuildContext({ directory }))
    const built = await spawnCapstan(['build', '-t', createTag(), '-'], { env, input })
    expect(built.exitCode).toBe(0)
    expect((await spawnCapstan(['build', '-t', createTag(), '-'], { env, input: `FROM ${image}\n` })).exitCode).toBe(0)
  })

  it('gives steps secrets, further contexts and an SSH agent', async () => {
    const input = [
      `FROM base`,
      'COPY --from=lib code /',
      'RUN --mount=type=secret,id=TOKEN test "$(cat /run/secrets/TOKEN)" = hunter2',
      'RUN --mount=type=ssh,required=true test -S "$SSH_AUTH_SOCK"',
      'RUN cat /code',
      '',
    ].join('\n')
    const contexts = [
      '--build-context',
      `lib=${join(directory, 'lib')}`,
      '--build-context',
      `base=docker-image://${image}`,
    ]
    const access = ['--secret', 'id=TOKEN', '--ssh', `default=${join(directory, 'agent')}`]
    const argv = ['build', '--no-cache', '-t', createTag(), '-f', '-', ...contexts, ...access, directory]
    const { exitCode, stderr } = await spawnCapstan(argv, { env, input })
    expect(stderr).toMatch(/^#\d+ \S+ from the library$/m)
    expect(stderr).not.toContain('hunter2')
    expect(exitCode).toBe(0)
  })

  it('shows the failed step, its output and the lines of the Dockerfile', async () => {
    const input = `FROM ${image}\nRUN echo about to fail; exit 9\n`
    const { exitCode, stderr } = await spawnCapstan(['build', '-t', createTag(), '-f', '-', directory], { env, input })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/------\n > \[.*\] RUN echo about to fail; exit 9:\nabout to fail\n------\n/)
    expect(stderr).toMatch(/^ +2 \| >>> RUN echo about to fail; exit 9$/m)
  })

  it('lists the build in the history, shows its progress, and removes it', async () => {
    const { ref } = JSON.parse((await capstan('build', '-t', createTag(), '--json', directory)).stdout)
    const { builds } = JSON.parse((await capstan('buildkit', 'history', 'ls', '--json')).stdout)
    expect(builds).toContainEqual(expect.objectContaining({ ref, state: 'completed' }))
    expect((await capstan('buildkit', 'history', 'logs', ref)).stdout).toContain('COPY note.txt')
    expect((await capstan('buildkit', 'history', 'rm', ref)).stdout).toBe(ref)
    expect((await capstan('buildkit', 'history', 'inspect', ref)).stderr).toContain('there is no build')
  })
})
