import { type ProgressEvent, runtimeCapability } from '@capstan/core'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, findListed, runToExit, startContainer, startReady, untilGone } from '../steps/containers.js'
import { readLogText, untilLogged } from '../steps/logs.js'

export const lifecycleCases: readonly ConformanceCase[] = defineCases({ capability: runtimeCapability }, [
  {
    id: 'RT-001',
    title: 'ping resolves',
    run: async ({ runtime, signal }) => await runtime.ping({ signal }),
  },
  {
    id: 'RT-002',
    title: 'the runtime names itself',
    run: async ({ runtime }) => {
      expect(/^[a-z][a-z0-9-]*$/.test(runtime.type), 'a type of lower-case letters, digits and "-"', runtime.type)
    },
  },
  {
    id: 'RT-003',
    title: 'createContainer resolves with the full id, by which the container is listed as created',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      const listed = expectDefined(await findListed(context, id), 'the new container in the list')
      expectEqual(listed.state, 'created', 'its state')
    },
  },
  {
    id: 'RT-004',
    title: 'createContainer starts nothing',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.echo('started') })
      expectEqual(await context.runtime.containerState(id), 'created', 'the state')
      expectEqual((await context.runtime.containerLogsAll(id)).length, 0, 'the length of the log')
    },
  },
  {
    id: 'RT-005',
    title: 'startContainer makes it run',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      expectEqual(await context.runtime.containerState(id), 'running', 'the state')
    },
  },
  {
    id: 'RT-006',
    title: 'startContainer resolves for a container that runs already, and the run goes on',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.announce('once') }, 'once')
      await context.runtime.startContainer(id, { signal: context.signal })
      expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      expectEqual(await readLogText(context, id), 'once\n', 'the log of one run')
    },
  },
  {
    id: 'RT-007',
    title: 'two starts at once both resolve, and it runs once',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.announce('once') })
      await Promise.all([context.runtime.startContainer(id), context.runtime.startContainer(id)])
      await untilLogged(context, id, 'once')
      expectEqual(await readLogText(context, id), 'once\n', 'the log of one run')
    },
  },
  {
    id: 'RT-008',
    title: 'a container that has exited can be started again',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.echo('again') })
      await context.runtime.startContainer(id, { signal: context.signal })
      expectEqual(await context.runtime.waitContainer(id, { signal: context.signal }), 0, 'the second exit code')
      const text = await readLogText(context, id)
      expect(text.endsWith('again\n'), 'the output of the second run in the log', text)
    },
  },
  {
    id: 'RT-009',
    title: 'a program that ends leaves its container as exited, and there',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.exit(0) })
      expectEqual(await context.runtime.containerState(id), 'exited', 'the state')
    },
  },
  {
    id: 'RT-010',
    title: 'a container is found by its name as well as by its id',
    requiredOptions: ['name'],
    run: async (context) => {
      const name = context.uniqueName('named')
      await startContainer(context, { name, command: context.programs.sleep(60) })
      expectEqual(await context.runtime.containerState(name), 'running', 'the state of what has the name')
    },
  },
  {
    id: 'RT-011',
    title: 'removeContainer removes by force what runs',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      await context.runtime.removeContainer(id, { signal: context.signal })
      expectEqual(await findListed(context, id), undefined, 'what the list has of it')
    },
  },
  {
    id: 'RT-012',
    title: 'removeContainer removes what was never started, and what has exited',
    run: async (context) => {
      const created = await createContainer(context, { command: context.programs.exit(0) })
      const { id: exited } = await runToExit(context, { command: context.programs.exit(0) })
      for (const id of [created, exited]) await context.runtime.removeContainer(id)
      expectEqual(await context.listCreated(), [], 'what is left')
    },
  },
  {
    id: 'RT-013',
    title: 'removeContainer resolves for a container that is gone',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      await context.runtime.removeContainer(id)
      await context.runtime.removeContainer(id)
    },
  },
  {
    id: 'RT-014',
    title: 'removeContainer resolves for a container that never was',
    run: async ({ runtime, uniqueName }) => await runtime.removeContainer(uniqueName('never')),
  },
  {
    id: 'RT-015',
    title: 'two removals at once both resolve',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      await Promise.all([context.runtime.removeContainer(id), context.runtime.removeContainer(id)])
      expectEqual(await context.listCreated(), [], 'what is left')
    },
  },
  {
    id: 'RT-016',
    title: 'containerState of a container that was removed is CONTAINER_NOT_FOUND with its id',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      await context.runtime.removeContainer(id)
      await expectHostError('CONTAINER_NOT_FOUND', () => context.runtime.containerState(id), { id })
    },
  },
  {
    id: 'RT-017',
    title: 'with autoRemove the engine removes the container when it has exited',
    requiredOptions: ['autoRemove'],
    run: async (context) => {
      const id = await startContainer(context, { autoRemove: true, command: context.programs.exit(0) })
      await untilGone(context, id)
      await expectHostError('CONTAINER_NOT_FOUND', () => context.runtime.containerState(id))
    },
  },
  {
    id: 'RT-018',
    title: 'a command that the image lacks is COMMAND_NOT_STARTED with 127, and nothing runs',
    run: async (context) => {
      const command = context.programs.missing()
      const id = await createContainer(context, { command })
      await expectHostError('COMMAND_NOT_STARTED', () => context.runtime.startContainer(id), { exitCode: 127 })
      expect((await context.runtime.containerState(id)) !== 'running', 'a container that does not run', 'running')
    },
  },
  {
    id: 'RT-019',
    title: 'a file that may not be executed is COMMAND_NOT_STARTED with 126',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.forbidden() })
      await expectHostError('COMMAND_NOT_STARTED', () => context.runtime.startContainer(id), { exitCode: 126 })
    },
  },
  {
    id: 'RT-020',
    title: 'a container can be made by the id of its image',
    run: async (context) => {
      const images = await context.runtime.listImages()
      const image = images.find(({ tags }) => tags.includes(context.image))
      const { id } = expectDefined(image, `"${context.image}" in the list of images`)
      const { exitCode } = await runToExit(context, { image: id, command: context.programs.exit(4) })
      expectEqual(exitCode, 4, 'the exit code')
    },
  },
  {
    id: 'RT-021',
    title: 'an image that is absent is IMAGE_NOT_FOUND with pull "never", and nothing is made',
    requiredOptions: ['pull'],
    run: async (context) => {
      const image = `${context.uniqueName('absent')}:1`
      const create = () => context.runtime.createContainer({ image, pull: 'never' })
      await expectHostError('IMAGE_NOT_FOUND', create, { image })
      expectEqual(await context.listCreated(), [], 'what is left')
    },
  },
  {
    id: 'RT-022',
    title: 'an image that no registry has is IMAGE_PULL_FAILED, and nothing is made',
    run: async (context) => {
      // Nobody listens on port 1: the pull is refused at once, with or without a network.
      const image = '127.0.0.1:1/conformance/absent:1'
      await expectHostError('IMAGE_PULL_FAILED', () => context.runtime.createContainer({ image }), { image })
      expectEqual(await context.listCreated(), [], 'what is left')
    },
  },
  {
    id: 'RT-023',
    title: '50 lifecycles at once: every code is the true one, and nothing is left',
    timeFactor: 5,
    run: async (context) => {
      const { runtime, image, programs, signal } = context
      const codes = Array.from({ length: 50 }, (_, index) => index)
      const run = async (code: number) => {
        const id = await runtime.createContainer({ image, command: programs.exit(code) }, { signal })
        context.defer(id, (own) => runtime.removeContainer(id, own))
        await runtime.startContainer(id, { signal })
        const exitCode = await runtime.waitContainer(id, { signal })
        await runtime.removeContainer(id, { signal })
        return exitCode
      }
      expectEqual(await Promise.all(codes.map(run)), codes, 'the exit codes')
      expectEqual(await context.listCreated(), [], 'what is left')
    },
  },
  {
    id: 'RT-024',
    title: 'onProgress hears nothing where nothing is pulled',
    run: async (context) => {
      const { runtime, image, signal } = context
      const heard: ProgressEvent[] = []
      const id = await runtime.createContainer({ image }, { signal, onProgress: (event) => void heard.push(event) })
      context.defer(id, (own) => runtime.removeContainer(id, own))
      expectEqual(heard, [], 'what was heard')
    },
  },
])
