import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ComposeUpOptions, Runtime, ServiceState } from '@capstan/core'
import { expect, test, vi } from 'vitest'
import { describeWithCompose } from '../../../../test/support/describe-with-compose.js'
import { describeWithEngine, skipUnsupported } from '../../../../test/support/test-engine.js'
import { startTlsProxy } from '../engine/tls-proxy.js'
import { copyProject, type FinishedTest, openCompose } from './open-compose.js'

type Opened = Awaited<ReturnType<typeof openCompose>> & FinishedTest

/** A project of the folder `projects`. */
interface Sample {
  readonly folder: string
  /** Files besides `compose.yaml`. */
  readonly files?: readonly string[]
  readonly profiles?: readonly string[]
  readonly options?: ComposeUpOptions
  /** The option of a runtime that it needs. */
  readonly needs?: 'healthcheck' | 'compose-manager.build'
  readonly check: (services: readonly ServiceState[], opened: Opened) => Promise<void>
}

const samples: readonly Sample[] = [
  {
    folder: 'health',
    needs: 'healthcheck',
    check: async ([web]) => {
      expect(web?.containers[0]).toMatchObject({ state: 'running', health: 'healthy', ports: [{ containerPort: 80 }] })
    },
  },
  {
    folder: 'conditions',
    needs: 'healthcheck',
    check: async (services, { runtime }) => {
      expect(services.map(({ service }) => service)).toEqual(['app', 'db', 'migrate'])
      const [app, db, migrate] = services
      expect(migrate?.containers[0]).toMatchObject({ state: 'exited', exitCode: 0 })
      expect(db?.containers[0]).toMatchObject({ health: 'healthy' })
      await expectLog(runtime, app, 'migrated')
    },
  },
  {
    folder: 'profiles',
    profiles: ['debug'],
    check: async (services) => expect(services.map(({ service }) => service)).toEqual(['app', 'debugger']),
  },
  { folder: 'env-files', check: async ([app], { runtime }) => expectLog(runtime, app, 'hello world 5') },
  {
    folder: 'extends',
    files: ['override.yaml'],
    check: async ([app], { runtime }) => {
      await expectLog(runtime, app, 'app yes')
      const { labels } = await runtime.inspectContainer(app?.containers[0]?.id ?? '')
      expect(labels).toMatchObject({ added: 'by-override' })
    },
  },
  { folder: 'secrets', check: async ([app], { runtime }) => expectLog(runtime, app, 'open sesame') },
  {
    folder: 'build',
    needs: 'compose-manager.build',
    check: async ([app], { runtime, project, onTestFinished }) => {
      onTestFinished(() => runtime.removeImage(`${project}-app`))
      await expectLog(runtime, app, 'from the context')
    },
  },
  {
    folder: 'networks',
    check: async ([app, proxy], { runtime, execs, project }) => {
      const id = proxy?.containers[0]?.id ?? ''
      const { networks } = await runtime.inspectContainer(id)
      expect(networks.map(({ networkName }) => networkName).sort()).toEqual([`${project}_back`, `${project}_front`])
      const { stdout, exitCode } = await execs.exec(id, ['ping', '-c', '1', '-W', '5', 'backend'])
      stdout.resume()
      expect(await exitCode).toBe(0)
      expect(app?.containers).toHaveLength(1)
    },
  },
  { folder: 'external-volume', check: async ([app]) => expect(app?.containers[0]?.state).toBe('running') },
  {
    folder: 'job',
    options: { jobs: ['job'] },
    check: async ([, job], { runtime }) => {
      expect(job?.containers[0]).toMatchObject({ state: 'exited', exitCode: 0 })
      await expectLog(runtime, job, 'working')
    },
  },
  {
    folder: 'scale',
    check: async ([worker]) => expect(worker?.containers.map(({ number }) => number)).toEqual([1, 2, 3]),
  },
  {
    folder: 'restart',
    needs: 'healthcheck',
    check: async ([app], { runtime }) => {
      const { state } = await runtime.inspectContainer(app?.containers[0]?.id ?? '')
      expect(state).toMatchObject({ status: 'running', restartCount: 1 })
    },
  },
]

async function expectLog(runtime: Runtime, service: ServiceState | undefined, line: string): Promise<void> {
  const id = service?.containers[0]?.id ?? ''
  // Not `expect.poll`, which needs the test that runs, and several run at once.
  await vi.waitFor(async () => expect(String(await runtime.containerLogsAll(id))).toContain(line))
}

describeWithCompose('with a real Compose', (composeProgram) => {
  describeWithEngine('a project of a real engine', (available) => {
    const engine = { ...available, composeProgram }
    test.concurrent.for(samples)(
      'with $folder comes up, is read, goes down, and leaves nothing',
      async (sample, context) => {
        const { folder, files = [], profiles = [], options, check, needs } = sample
        if (needs !== undefined) skipUnsupported(context, needs)
        const opened = { ...(await openCompose(engine, context)), onTestFinished: context.onTestFinished }
        const { compose, volumes, project, listLeft } = opened
        const directory = await copyProject(folder, context)
        const env = { IMAGE: engine.image, VOLUME: `${project}-kept` }
        const isExternal = folder === 'external-volume'
        if (isExternal) await volumes.createVolume(env.VOLUME)
        const [first, ...others] = ['compose.yaml', ...files].map((file) => join(directory, file))
        const source = { name: project, files: [first ?? '', ...others], profiles, env } as const
        const { services: described } = await compose.readProject(source)
        const { services } = await compose.up(source, options)
        expect(services.map(({ service }) => service)).toEqual(described.map(({ name }) => name))
        expect(await compose.listServices(project)).toEqual(services)
        await check(services, opened)
        const [info] = await compose.listProjects({ labels: { 'com.docker.compose.project': project } })
        expect(info).toMatchObject({ name: project, directory, files: source.files })
        await compose.down(project, { volumes: true, graceMs: 0 })
        expect(await listLeft()).toEqual([])
        expect(await compose.listServices(project)).toEqual([])
        if (!isExternal) return
        expect((await volumes.listVolumes()).map(({ name }) => name)).toContain(env.VOLUME)
        await volumes.removeVolume(env.VOLUME)
      },
    )

    test('is not changed by a second up', async (context) => {
      const { compose, toSource, image } = await openCompose(engine, context)
      const source = toSource({ services: { app: { image, command: 'sleep 300' } }, volumes: { data: {} } })
      const { services } = await compose.up(source)
      expect((await compose.up(source)).services).toEqual(services)
    })

    test('of another program is not labelled, and its containers are not replaced', async (context) => {
      const { compose, runtime, toSource, project, image } = await openCompose(engine, context)
      const app = { image, command: 'sleep 300' }
      const args = ['--project-name', project, '--file', '-', 'up', '--detach']
      execFileSync(composeProgram, args, {
        input: JSON.stringify({ services: { app } }),
        env: { DOCKER_HOST: `unix://${engine.socketPath}` },
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      const [before] = await compose.listServices(project)
      const { services } = await compose.up(toSource({ services: { app, other: app } }))
      expect(services.find(({ service }) => service === 'app')).toEqual(before)
      for (const { containers } of services) {
        const { labels } = await runtime.inspectContainer(containers[0]?.id ?? '')
        expect(Object.keys(labels).filter((key) => key.startsWith('capstan.owner'))).toEqual([])
      }
    })

    test('comes up at an endpoint with TLS, with the certificates of the endpoint', async (context) => {
      const directory = await mkdtemp(join(tmpdir(), 'capstan-compose-tls-'))
      context.onTestFinished(() => rm(directory, { recursive: true, force: true }))
      const server = await startTlsProxy(directory, engine.socketPath)
      context.onTestFinished(() => server[Symbol.asyncDispose]())
      const endpoint = `tcp://127.0.0.1:${(server.address as AddressInfo).port}`
      const { compose, toSource, image } = await openCompose(engine, context, { endpoint, tls: { directory } })
      const { services } = await compose.up(toSource({ services: { app: { image, command: 'sleep 300' } } }))
      expect(services).toMatchObject([{ service: 'app', containers: [{ state: 'running' }] }])
    })
  })
})
