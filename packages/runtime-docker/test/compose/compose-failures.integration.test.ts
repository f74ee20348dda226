import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ComposeProgress, ComposeSource, ComposeUpOptions } from '@capstan/core'
import { expect, test } from 'vitest'
import { describeWithCompose } from '../../../../test/support/describe-with-compose.js'
import { describeWithEngine, skipUnsupported } from '../../../../test/support/test-engine.js'
import { copyProject, type FinishedTest, openCompose } from './open-compose.js'

/** A project that fails, with `$IMAGE` in the place of the test image. */
interface PlantedFault {
  readonly title: string
  readonly content: object | string
  readonly options?: ComposeUpOptions
  readonly error: object
  /** The option of a runtime that it needs. */
  readonly needs?: 'healthcheck' | 'compose-manager.build'
}

const image = '$IMAGE'
const sleeping = { image, command: 'sleep 300' }
const dies = { image, command: ['sh', '-c', 'echo last words; exit 7'] }

const faults: readonly PlantedFault[] = [
  {
    title: 'an unknown key',
    content: { services: { a: { image, comand: 'x' } } },
    error: { code: 'INVALID_ARGUMENT', facts: { field: 'source.files[0]', given: expect.stringContaining('comand') } },
  },
  {
    title: 'bad YAML',
    content: 'services:\n  a:\n  image: [\n',
    error: { code: 'INVALID_ARGUMENT', facts: { given: expect.stringContaining('yaml: line 3') } },
  },
  {
    title: 'a variable that is not set',
    content: { services: { a: { image: `$${'{NONE:?a text}'}` } } },
    error: { code: 'INVALID_ARGUMENT', facts: { given: expect.stringContaining('NONE') } },
  },
  {
    title: 'a dependency cycle',
    content: { services: { a: { image, depends_on: ['b'] }, b: { image, depends_on: ['a'] } } },
    error: { code: 'INVALID_ARGUMENT' },
  },
  {
    title: 'an unknown service',
    content: { services: { a: sleeping } },
    options: { services: ['none'] },
    error: { code: 'INVALID_ARGUMENT', facts: { field: 'services[0]' } },
  },
  {
    title: 'a missing external network',
    content: { services: { a: { ...sleeping, networks: ['n'] } }, networks: { n: { external: true, name: 'no-net' } } },
    error: { code: 'NETWORK_NOT_FOUND', facts: { id: 'no-net' } },
  },
  {
    title: 'a missing external volume',
    content: {
      services: { a: { ...sleeping, volumes: ['vol:/vol'] } },
      volumes: { vol: { external: true, name: 'no-vol' } },
    },
    error: { code: 'VOLUME_NOT_FOUND', facts: { name: 'no-vol' } },
  },
  {
    title: 'an image that cannot be pulled',
    content: { services: { a: { image: 'localhost:1/none:1' } } },
    error: { code: 'IMAGE_PULL_FAILED', facts: { image: 'localhost:1/none:1' } },
  },
  {
    title: 'a missing image that is not pulled',
    content: { services: { a: { image: 'localhost:1/none:1' } } },
    options: { pull: 'never' },
    error: { code: 'IMAGE_NOT_FOUND', facts: { image: 'localhost:1/none:1' } },
  },
  {
    title: 'a service that exits',
    content: { services: { a: dies, b: { ...sleeping, volumes: ['data:/data'] } }, volumes: { data: {} } },
    // It never ends, so that the other service is awaited until it exits.
    options: { jobs: ['b'] },
    error: {
      code: 'SERVICE_NOT_READY',
      facts: { service: 'a', state: 'exited', exitCode: 7, lastLines: ['last words'] },
    },
  },
  {
    title: 'a dependency that exits',
    content: {
      services: { a: dies, b: { ...sleeping, depends_on: { a: { condition: 'service_completed_successfully' } } } },
    },
    error: { code: 'SERVICE_NOT_READY', facts: { service: 'a', exitCode: 7 } },
  },
  {
    title: 'a dependency that is unhealthy',
    needs: 'healthcheck',
    content: {
      services: {
        a: { ...sleeping, healthcheck: { test: ['CMD', 'false'], interval: '100ms', retries: 1 } },
        b: { ...sleeping, depends_on: { a: { condition: 'service_healthy' } } },
      },
    },
    error: { code: 'SERVICE_NOT_READY', facts: { service: 'a', health: 'unhealthy', exitCode: undefined } },
  },
  {
    title: 'a service that is not ready in time',
    needs: 'healthcheck',
    content: { services: { a: { ...sleeping, healthcheck: { test: ['CMD', 'false'], interval: '60s' } } } },
    options: { readyTimeoutMs: 500 },
    error: { code: 'TIMED_OUT', facts: { phase: 'waiting for service "a"', option: 'readyTimeoutMs' } },
  },
  {
    title: 'a command that the image lacks',
    content: { services: { a: { image, command: 'no-such-command' } } },
    error: { code: 'COMMAND_NOT_STARTED', facts: { command: ['no-such-command'], exitCode: 127 } },
  },
  {
    title: 'a build that fails',
    needs: 'compose-manager.build',
    content: { services: { a: { build: { dockerfile_inline: 'FROM $IMAGE\nRUN echo broken; exit 9\n' } } } },
    error: { code: 'BUILD_FAILED', facts: { exitCode: 9 } },
  },
]

interface WriteContext extends FinishedTest {
  readonly project: string
}

describeWithCompose('with a real Compose', (composeProgram) => {
  describeWithEngine('a failed up on a real engine', (available) => {
    const engine = { ...available, composeProgram }
    /** Writes a project for one test. */
    async function write(
      content: object | string,
      { project: name, ...context }: WriteContext,
    ): Promise<ComposeSource> {
      const file = join(await copyProject('health', context), 'planted.yaml')
      const text = typeof content === 'string' ? content : JSON.stringify(content)
      await writeFile(file, text.replaceAll('$IMAGE', engine.image))
      return { name, files: [file] }
    }

    test.concurrent.for(faults)(
      'by $title has its code and leaves nothing',
      async ({ content, options, error, needs }, context) => {
        if (needs !== undefined) skipUnsupported(context, needs)
        const { compose, project, listLeft } = await openCompose(engine, context)
        const rejected = context.expect(
          compose.up(await write(content, { project, onTestFinished: context.onTestFinished }), options),
        ).rejects
        await rejected.toMatchObject({ ...error, undoFailures: [] })
        context.expect(await listLeft()).toEqual([])
      },
    )

    test('by a missing file is INVALID_ARGUMENT with the file', async (context) => {
      const { compose, project } = await openCompose(engine, context)
      const error = { code: 'INVALID_ARGUMENT', facts: { field: 'source.files[0]' } }
      await context.expect(compose.up({ name: project, files: ['/no/such/file.yaml'] })).rejects.toMatchObject(error)
    })

    test('by a port that is taken is IN_USE, and keeps what existed before', async (context) => {
      const { compose, project, listLeft } = await openCompose(engine, context)
      const first = await compose.up(
        await write(
          { services: { a: { ...sleeping, ports: ['127.0.0.1::80'] } } },
          { project, onTestFinished: context.onTestFinished },
        ),
      )
      const taken = first.services[0]?.containers[0]?.ports[0]?.hostPort
      const before = await listLeft()
      const services = {
        a: { ...sleeping, ports: ['127.0.0.1::80'] },
        b: { ...sleeping, ports: [`127.0.0.1:${taken}:80`] },
        c: { ...sleeping, volumes: ['data:/data'] },
      }
      const failed = compose.up(
        await write({ services, volumes: { data: {} } }, { project, onTestFinished: context.onTestFinished }),
      )
      await context.expect(failed).rejects.toMatchObject({ code: 'IN_USE', facts: { subject: `port ${taken}` } })
      context.expect(await listLeft()).toEqual(before)
    })
  })

  describeWithEngine('an aborted up on a real engine', (available) => {
    const engine = { ...available, composeProgram }
    const content = {
      services: {
        a: { ...sleeping, image: engine.image, volumes: ['data:/data'] },
        b: { ...sleeping, image: engine.image, depends_on: ['a'] },
      },
      volumes: { data: {} },
    }
    const never = { ...sleeping, image: engine.image, healthcheck: { test: ['CMD', 'false'], interval: '60s' } }
    const waiting = { ...content, services: { ...content.services, never } }

    test.concurrent.for<[phase: string, isReached: (event: ComposeProgress) => boolean]>([
      ['a network is created', ({ kind, status }) => kind === 'network' && status === 'Creating'],
      ['a volume is created', ({ kind }) => kind === 'volume'],
      ['containers are created', ({ kind, status }) => kind === 'container' && status === 'Creating'],
      ['a container is created', ({ id, status }) => id === 'b-1' && status === 'Created'],
      ['a container is starting', ({ status }) => status === 'Starting'],
      ['containers are started', ({ id, status }) => id === 'b-1' && status === 'Started'],
    ])('when %s leaves nothing', async ([, isReached], context) => {
      const { compose, toSource, listLeft } = await openCompose(engine, context)
      const controller = new AbortController()
      const reason = new Error('enough')
      const onProgress = (event: ComposeProgress) => {
        if (isReached(event)) controller.abort(reason)
      }
      const { signal } = controller
      await context.expect(compose.up(toSource(content), { signal, onProgress })).rejects.toBe(reason)
      context.expect(await listLeft()).toEqual([])
    })

    test('while the files are read, and while services are awaited, leaves nothing', async (context) => {
      skipUnsupported(context, 'healthcheck')
      const { compose, toSource, listLeft, runtime, project } = await openCompose(engine, context)
      const reading = compose.up(toSource(content), { signal: AbortSignal.timeout(1) })
      await context.expect(reading).rejects.toMatchObject({ name: 'TimeoutError' })
      context.expect(await listLeft()).toEqual([])
      const controller = new AbortController()
      const up = compose.up(toSource(waiting), { signal: controller.signal })
      const options = { labels: { 'com.docker.compose.project': project }, states: ['running'] } as const
      await context.expect.poll(async () => (await runtime.listContainers(options)).length).toBe(3)
      controller.abort()
      await context.expect(up).rejects.toMatchObject({ name: 'AbortError' })
      context.expect(await listLeft()).toEqual([])
    })

    test('while an image is built leaves neither the image nor a container', async (context) => {
      skipUnsupported(context, 'compose-manager.build')
      const { compose, toSource, listLeft, runtime, project } = await openCompose(engine, context)
      const controller = new AbortController()
      const dockerfile_inline = `FROM ${engine.image}\nRUN sleep 60\n`
      const building = compose.up(toSource({ services: { a: { build: { dockerfile_inline } } } }), {
        signal: controller.signal,
        onProgress: ({ kind, id }) => {
          if (kind === 'build' && id.includes('RUN sleep')) controller.abort()
        },
      })
      await context.expect(building).rejects.toMatchObject({ name: 'AbortError' })
      context.expect(await listLeft()).toEqual([])
      context.expect(await runtime.imageExists(`${project}-a`)).toBe(false)
    })
  })
})
