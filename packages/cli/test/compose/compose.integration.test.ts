import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWithCompose } from '../../../../test/support/describe-with-compose.js'
import { describeWithEngine } from '../../../../test/support/test-engine.js'
import { spawnCapstan } from '../support/spawn-capstan.js'

describeWithCompose('capstan compose with a real Compose', (program) => {
  describeWithEngine('on a real engine', ({ socketPath, image }) => {
    const name = `capstan-cli-${randomUUID().slice(0, 8)}`
    let folder: string
    const toProject = () => ['--file', join(folder, 'compose.yaml'), '--project-name', name]
    const engineEnv = { DOCKER_HOST: `unix://${socketPath}`, IMAGE: image }
    const capstan = (argv: readonly string[], { input = '' } = {}) => {
      const PATH = `${dirname(program)}:${process.env.PATH ?? ''}`
      const env = { ...engineEnv, CAPSTAN_RUNTIME: 'docker', PATH }
      return spawnCapstan(['compose', ...toProject(), ...argv], { env, input })
    }

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'capstan-compose-'))
      await writeFile(
        join(folder, 'compose.yaml'),
        `
services:
  web: {image: "$IMAGE", command: sh -c 'echo from web; sleep 600', depends_on: {db: {condition: service_healthy}}}
  db:
    image: $IMAGE
    command: sh -c 'trap exit TERM; echo from db; while sleep 0.1; do :; done'
    healthcheck: {test: [CMD, "true"], interval: 200ms}
  bad: {image: "$IMAGE", command: sh -c 'echo reason; exit 3', healthcheck: {test: "true", interval: 1h}, profiles: [bad]}
`,
      )
    })
    afterAll(async () => {
      await capstan(['down', '--volumes', '--timeout', '0'])
      await rm(folder, { recursive: true })
    })

    it('starts, lists, reads, stops and removes a project', async () => {
      const up = await capstan(['up', '--detach'])
      expect([up.exitCode, up.stdout], up.stderr).toEqual([0, ''])
      expect((await capstan(['ps', '--services'])).stdout).toBe('db\nweb')
      expect((await capstan(['logs', 'web'])).stdout).toBe('web-1  | from web')
      expect((await capstan(['exec', 'db', 'cat'], { input: 'input' })).stdout).toBe('input')
      expect((await capstan(['exec', 'db', 'sh', '-c', 'exit 7'])).exitCode).toBe(7)
      const failing = await capstan(['up', 'bad'])
      expect([failing.exitCode, failing.stderr]).toEqual([1, expect.stringContaining('service "bad"')])
      expect((await capstan(['ps', '--all', '--services'])).stdout).toBe('db\nweb')
      expect((await capstan(['down', '--timeout', '0'])).exitCode).toBe(0)
      expect((await capstan(['ps', '--all', '--quiet'])).stdout).toBe('')
    })

    it('starts a project whose containers a later up by docker-compose keeps', async () => {
      expect((await capstan(['up', '--detach'])).exitCode).toBe(0)
      const { stdout: ids } = await capstan(['ps', '--quiet'])
      await execa(program, [...toProject(), 'up', '--detach'], { env: engineEnv })
      expect((await capstan(['ps', '--quiet'])).stdout).toBe(ids)
      expect(ids.split('\n')).toHaveLength(2)
      expect((await capstan(['down', '--timeout', '0'])).exitCode).toBe(0)
    })

    it('stops the services when one exits, and exits with its code', async () => {
      const { exitCode, stdout, stderr } = await capstan(['up', '--timeout', '0', '--exit-code-from', 'bad', 'db'])
      expect([exitCode, stdout], stderr).toEqual([3, expect.stringContaining('bad-1  | reason')])
      const { services } = JSON.parse((await capstan(['ps', '--all', '--json'])).stdout)
      expect(services).toMatchObject([
        { service: 'bad', containers: [{ state: 'exited', exitCode: 3 }] },
        { service: 'db', containers: [{ state: 'exited' }] },
      ])
      expect((await capstan(['down', '--timeout', '0'])).exitCode).toBe(0)
    })

    it('stops the services on SIGINT, and exits with 130', async () => {
      const child = capstan(['up', 'db'])
      const isShown = new Promise<void>((resolve) => {
        let text = ''
        child.stdout.on('data', (chunk) => {
          text += String(chunk)
          if (text.includes('from db')) resolve()
        })
      })
      await isShown
      child.kill('SIGINT')
      expect((await child).exitCode).toBe(130)
      expect((await capstan(['ps', '--quiet'])).stdout).toBe('')
    })
  })
})
