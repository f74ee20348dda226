import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expectShortLines } from './support/expect-short-lines.js'
import { spawnCapstan } from './support/spawn-capstan.js'

// Runs the compiled command, which must not use an available engine.
describe('capstan with an unavailable endpoint', () => {
  it('exits with 125 and names endpoint, cause and remedy, even if another runtime is available', async () => {
    const env = { DOCKER_HOST: 'unix:///missing/docker.sock' }
    const { exitCode, stdout, stderr } = await spawnCapstan(['run', '--rm', 'busybox'], { env, timeoutMs: 10_000 })
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
    expect(stderr).toMatch(/^ {2}docker at unix:\/\/\/missing\/docker\.sock \(DOCKER_HOST\) failed at \w+: .*ENOENT/m)
    expectShortLines(stderr)
    expect((await spawnCapstan(['doctor'], { env, timeoutMs: 10_000 })).exitCode).toBe(1)
  })

  it('waits for the probe timeout when the endpoint accepts and never answers, and reports it as slow', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'capstan-silent-'))
    const path = join(folder, 'docker.sock')
    const server = createServer(() => undefined).listen(path)
    try {
      const env = { DOCKER_HOST: `unix://${path}` }
      for (const [argv, more] of [
        [['ps', '--probe-timeout', '0.5'], {}],
        [['ps'], { CAPSTAN_PROBE_TIMEOUT: '0.5' }],
      ] as const) {
        const { exitCode, stderr } = await spawnCapstan(argv, { env: { ...env, ...more }, timeoutMs: 30_000 })
        expect(exitCode).toBe(125)
        expect(stderr).toMatch(/^capstan ps: runtime "docker" did not answer in time\n/)
        expect(stderr).toMatch(/failed at ping: TIMED_OUT, it accepted the connection and did not answer within 0.5 s/)
        expect(stderr).toMatch(/→ wait and try again, or raise the limit: --probe-timeout/)
        expect(stderr).not.toMatch(/restart|not available|makers|authors/)
        expectShortLines(stderr)
      }
    } finally {
      server.close()
      await rm(folder, { recursive: true })
    }
  })
})
