import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { spawnCapstan } from './support/spawn-capstan.js'

// They need the built command, and no engine: whichever is here must not be used.
describe('capstan with an endpoint that does not serve', () => {
  it('fails with 125 and names endpoint, cause and what to do, whatever else is here (F2)', async () => {
    const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' }
    const { exitCode, stdout, stderr } = await spawnCapstan(['run', '--rm', 'busybox'], { env, timeoutMs: 10_000 })
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
    expect(stderr).toMatch(/^capstan run: .*unix:\/\/\/nowhere\/docker\.sock \(DOCKER_HOST\) failed at \w+: .*ENOENT/)
    expect(stderr.split('\n')).toHaveLength(1)
    expect((await spawnCapstan(['doctor'], { env, timeoutMs: 10_000 })).exitCode).toBe(1)
  })

  it('does not wait for one that accepts and never answers (F3)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'capstan-silent-'))
    const path = join(folder, 'docker.sock')
    const server = createServer(() => undefined).listen(path)
    try {
      const env = { DOCKER_HOST: `unix://${path}` }
      const { exitCode, stderr } = await spawnCapstan(['ps'], { env, timeoutMs: 10_000 })
      expect(exitCode).toBe(125)
      expect(stderr).toMatch(/failed at ping: TIMED_OUT/)
    } finally {
      server.close()
      await rm(folder, { recursive: true })
    }
  })
})
