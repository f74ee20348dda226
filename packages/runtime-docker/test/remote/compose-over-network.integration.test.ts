import type { Environment } from '@capstan/core/plugin'
import { describe, test } from 'vitest'
import { describeWithCompose } from '../../../../test/support/describe-with-compose.js'
import { testEngine } from '../../../../test/support/test-engine.js'
import { tlsEngine } from '../../../../test/support/tls-engine.js'
import { hasSshServer, startSshServer } from '../../../../tools/test-ssh-server.mjs'
import type { DockerPluginOptions } from '../../src/docker-plugin.js'
import { collectOutput } from '../collect-output.js'
import { type FinishedTest, openCompose } from '../compose/open-compose.js'

/** How an engine is reached over the network. */
interface Transport {
  readonly title: string
  readonly isMissing: boolean
  readonly connect: (
    socketPath: string,
    context: FinishedTest,
  ) => Promise<DockerPluginOptions & { readonly env?: Environment }>
}

const transports: readonly Transport[] = [
  {
    title: 'TLS',
    isMissing: tlsEngine === undefined,
    connect: async () => {
      const { endpoint = '', directory = '' } = tlsEngine ?? {}
      return { endpoint, tls: { directory } }
    },
  },
  {
    title: 'ssh',
    isMissing: !hasSshServer,
    connect: async (socketPath, { onTestFinished }) => {
      const server = await startSshServer()
      onTestFinished(() => server.close())
      return { endpoint: `ssh://${server.address}${socketPath}`, env: server.env }
    },
  },
]

describeWithCompose('with a real Compose', (composeProgram) => {
  describe.skipIf(!testEngine.available)('a project on a real engine', () => {
    const engine = { socketPath: '', image: '', ...testEngine, composeProgram }
    for (const { title, isMissing, connect } of transports) {
      test.skipIf(isMissing)(
        `over ${title} comes up, is used and goes down, and an abort leaves nothing`,
        async (context) => {
          const options = await connect(engine.socketPath, context)
          const opened = await openCompose(engine, context, options)
          const { compose, runtime, execs, project, toSource, listLeft, image } = opened
          const app = { image, command: ['sh', '-c', 'echo serving; sleep 300'], volumes: ['data:/data'] }
          const healthcheck = { test: ['CMD', 'true'], interval: '200ms' }
          const services = {
            app: { ...app, depends_on: { db: { condition: 'service_healthy' } } },
            db: { ...app, healthcheck },
          }
          const up = await compose.up(toSource({ services, volumes: { data: {} } }))
          const id = up.services[0]?.containers[0]?.id ?? ''
          await context.expect.poll(async () => String(await runtime.containerLogsAll(id))).toBe('serving\n')
          const child = await execs.exec(id, ['sh', '-c', 'hostname; exit 7'])
          const { stream, text } = collectOutput()
          child.stdout.pipe(stream)
          context.expect([await child.exitCode, text()]).toEqual([7, `${id.slice(0, 12)}\n`])
          await compose.down(project, { volumes: true, graceMs: 0 })
          context.expect(await listLeft()).toEqual([])

          const controller = new AbortController()
          const reason = new Error('enough')
          const never = { ...app, healthcheck: { test: ['CMD', 'false'], interval: '1h' } }
          const aborted = compose.up(toSource({ services: { ...services, never }, volumes: { data: {} } }), {
            signal: controller.signal,
            onProgress: ({ id: part, status }) => {
              if (part === 'db-1' && status === 'Started') controller.abort(reason)
            },
          })
          await context.expect(aborted).rejects.toBe(reason)
          context.expect(await listLeft()).toEqual([])
        },
      )
    }
  })
})
