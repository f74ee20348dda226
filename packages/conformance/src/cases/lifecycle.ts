import { type ProgressEvent, runtimeCapability } from '@capstan/core'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import {
  createContainer,
  expectListed,
  findListed,
  runToExit,
  startContainer,
  startReady,
  untilGone,
} from '../steps/containers.js'
import { findImage } from '../steps/images.js'
import { readLogText, untilLogged } from '../steps/logs.js'

export const lifecycleCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'RT-001': { title: 'ping resolves', run: async ({ runtime, signal }) => await runtime.ping({ signal }) },
  'RT-002': {
    title: 'the type of the runtime consists of lower-case letters, digits and hyphens',
    run: async ({ runtime }) => {
      expect(/^[a-z][a-z0-9-]*$/.test(runtime.type), 'a type of lower-case letters, digits and "-"', runtime.type)
    },
  },
  'RT-003': {
    title: 'createContainer resolves with the full id, which listContainers shows as created',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      expectEqual((await expectListed(context, id)).state, 'created', 'its state')
    },
  },
  'RT-004': {
    title: 'createContainer does not start the container',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.echo('started') })
      expectEqual(await context.runtime.containerState(id), 'created', 'the state')
      expectEqual((await context.runtime.containerLogsAll(id)).length, 0, 'the length of the log')
    },
  },
  'RT-005': {
    title: 'startContainer starts the container',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      expectEqual(await context.runtime.containerState(id), 'running', 'the state')
    },
  },
  'RT-006': {
    title: 'startContainer resolves when the container is already running, without a restart',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.echoThenSleep('once') }, 'once')
      await context.runtime.startContainer(id, { signal: context.signal })
      expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      expectEqual(await readLogText(context, id), 'once\n', 'the log of one run')
    },
  },
  'RT-007': {
    title: 'two concurrent calls of startContainer both resolve, and the program runs once',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.echoThenSleep('once') })
      await Promise.all([context.runtime.startContainer(id), context.runtime.startContainer(id)])
      await untilLogged(context, id, 'once')
      expectEqual(await readLogText(context, id), 'once\n', 'the log of one run')
    },
  },
  'RT-008': {
    title: 'startContainer starts an exited container again',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.echo('again') })
      await context.runtime.startContainer(id, { signal: context.signal })
      expectEqual(await context.runtime.waitContainer(id, { signal: context.signal }), 0, 'the second exit code')
      const text = await readLogText(context, id)
      expect(text.endsWith('again\n'), 'the output of the second run in the log', text)
    },
  },
  'RT-009': {
    title: 'a container stays in state exited when its program ends',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.exit(0) })
      expectEqual(await context.runtime.containerState(id), 'exited', 'the state')
    },
  },
  'RT-010': {
    title: 'methods accept the name of a container as well as its id',
    requiredOptions: ['name'],
    run: async (context) => {
      const name = context.uniqueName('named')
      await startContainer(context, { name, command: context.programs.sleep(60) })
      expectEqual(await context.runtime.containerState(name), 'running', 'the state')
    },
  },
  'RT-011': {
    title: 'removeContainer removes a running container',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      await context.runtime.removeContainer(id, { signal: context.signal })
      expectEqual(await findListed(context, id), undefined, 'its entry in the list')
    },
  },
  'RT-012': {
    title: 'removeContainer removes a created and an exited container',
    run: async (context) => {
      const created = await createContainer(context, { command: context.programs.exit(0) })
      const { id: exited } = await runToExit(context, { command: context.programs.exit(0) })
      for (const id of [created, exited]) await context.runtime.removeContainer(id)
      expectEqual(await context.listCreated(), [], 'the remaining resources')
    },
  },
  'RT-013': {
    title: 'removeContainer resolves when the container was removed before',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      await context.runtime.removeContainer(id)
      await context.runtime.removeContainer(id)
    },
  },
  'RT-014': {
    title: 'removeContainer resolves when the container never existed',
    run: async ({ runtime, uniqueName }) => await runtime.removeContainer(uniqueName('never')),
  },
  'RT-015': {
    title: 'two concurrent calls of removeContainer both resolve',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      await Promise.all([context.runtime.removeContainer(id), context.runtime.removeContainer(id)])
      expectEqual(await context.listCreated(), [], 'the remaining resources')
    },
  },
  'RT-016': {
    title: 'containerState rejects with CONTAINER_NOT_FOUND and the id after the container was removed',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      await context.runtime.removeContainer(id)
      await expectHostError('CONTAINER_NOT_FOUND', () => context.runtime.containerState(id), { id })
    },
  },
  'RT-017': {
    title: 'the engine removes a container with autoRemove when it exits',
    requiredOptions: ['autoRemove'],
    run: async (context) => {
      const id = await startContainer(context, { autoRemove: true, command: context.programs.exit(0) })
      await untilGone(context, id)
      await expectHostError('CONTAINER_NOT_FOUND', () => context.runtime.containerState(id))
    },
  },
  'RT-018': {
    title: 'startContainer rejects with COMMAND_NOT_STARTED and 127 when the image lacks the command',
    run: async (context) => {
      const command = context.programs.missing()
      const id = await createContainer(context, { command })
      await expectHostError('COMMAND_NOT_STARTED', () => context.runtime.startContainer(id), { exitCode: 127 })
      expect((await context.runtime.containerState(id)) !== 'running', 'a container that does not run', 'running')
    },
  },
  'RT-019': {
    title: 'startContainer rejects with COMMAND_NOT_STARTED and 126 when the file is not executable',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.forbidden() })
      await expectHostError('COMMAND_NOT_STARTED', () => context.runtime.startContainer(id), { exitCode: 126 })
    },
  },
  'RT-020': {
    title: 'createContainer accepts the id of an image',
    run: async (context) => {
      const { id } = expectDefined(await findImage(context, context.image), `"${context.image}" in the list of images`)
      const { exitCode } = await runToExit(context, { image: id, command: context.programs.exit(4) })
      expectEqual(exitCode, 4, 'the exit code')
    },
  },
  'RT-021': {
    title:
      'createContainer with pull "never" rejects with IMAGE_NOT_FOUND when the image is absent, and creates nothing',
    requiredOptions: ['pull'],
    run: async (context) => {
      const image = `${context.uniqueName('absent')}:1`
      const create = () => context.runtime.createContainer({ image, pull: 'never' })
      await expectHostError('IMAGE_NOT_FOUND', create, { image })
      expectEqual(await context.listCreated(), [], 'the remaining resources')
    },
  },
  'RT-022': {
    title: 'createContainer rejects with IMAGE_PULL_FAILED when no registry has the image, and creates nothing',
    run: async (context) => {
      // No registry listens on port 1, so the pull fails at once, with or without a network.
      const image = '127.0.0.1:1/conformance/absent:1'
      await expectHostError('IMAGE_PULL_FAILED', () => context.runtime.createContainer({ image }), { image })
      expectEqual(await context.listCreated(), [], 'the remaining resources')
    },
  },
  'RT-023': {
    title: '50 concurrent lifecycles give the right exit codes, and no resource remains',
    timeLimitFactor: 5,
    run: async (context) => {
      const { runtime, programs, signal } = context
      const codes = Array.from({ length: 50 }, (_, index) => index)
      const run = async (code: number) => {
        const id = await startContainer(context, { command: programs.exit(code) })
        const exitCode = await runtime.waitContainer(id, { signal })
        await runtime.removeContainer(id, { signal })
        return exitCode
      }
      expectEqual(await Promise.all(codes.map(run)), codes, 'the exit codes')
      expectEqual(await context.listCreated(), [], 'the remaining resources')
    },
  },
  'RT-024': {
    title: 'onProgress is not called when no image is pulled',
    run: async (context) => {
      const { runtime, image, signal } = context
      const events: ProgressEvent[] = []
      const id = await runtime.createContainer({ image }, { signal, onProgress: (event) => void events.push(event) })
      context.defer(id, (options) => runtime.removeContainer(id, options))
      expectEqual(events, [], 'the progress events')
    },
  },
})
