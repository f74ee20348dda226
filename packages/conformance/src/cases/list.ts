import { type ContainerState, runtimeCapability } from '@capstan/core'
import { expect, expectEqual, toIds } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, expectListed, runToExit, startContainer } from '../steps/containers.js'

export const listCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'LIST-001': {
    title: 'listContainers lists running, created and exited containers with their states',
    run: async (context) => {
      const created = await createContainer(context, { command: context.programs.exit(0) })
      const running = await startContainer(context, { command: context.programs.sleep(60) })
      const { id: exited } = await runToExit(context, { command: context.programs.exit(1) })
      const listed = await context.runtime.listContainers({ signal: context.signal })
      const states = [created, running, exited].map((id) => listed.find((entry) => entry.id === id)?.state)
      expectEqual(states, ['created', 'running', 'exited'], 'the states')
    },
  },
  'LIST-002': {
    title: 'listContainers returns each name as it was given',
    requiredOptions: ['name'],
    run: async (context) => {
      const name = context.uniqueName('listed')
      const id = await createContainer(context, { name })
      expectEqual((await expectListed(context, id)).name, name, 'the name')
    },
  },
  'LIST-003': {
    title: 'listContainers returns the image as it was given, and the time of creation',
    run: async (context) => {
      const before = Date.now()
      const id = await createContainer(context, {})
      const { image, createdAt } = await expectListed(context, id)
      expectEqual(image, context.image, 'the image')
      const age = createdAt === undefined ? 0 : createdAt.getTime() - before
      // The clock of the engine may differ; a wrong unit would differ by years.
      expect(Math.abs(age) < 86_400_000, 'a time of creation of today, or none', createdAt)
    },
  },
  'LIST-004': {
    title: 'listContainers returns the labels of the config',
    requiredOptions: ['labels'],
    run: async (context) => {
      const id = await createContainer(context, { labels: { 'conformance.one': '1', 'conformance.empty': '' } })
      const { labels } = await expectListed(context, id)
      expectEqual([labels['conformance.one'], labels['conformance.empty']], ['1', ''], 'the labels')
    },
  },
  'LIST-005': {
    title: 'listContainers returns only containers with all given labels',
    requiredOptions: ['labels'],
    run: async (context) => {
      const label = context.uniqueName('case')
      const labels = { 'conformance.case': label, 'conformance.kind': 'a' }
      const both = await createContainer(context, { labels })
      await createContainer(context, { labels: { 'conformance.case': label, 'conformance.kind': 'b' } })
      await createContainer(context, { labels: { 'conformance.kind': 'a' } })
      const listed = await context.runtime.listContainers({ labels })
      expectEqual(toIds(listed), [both], 'the ids')
    },
  },
  'LIST-006': {
    title: 'listContainers returns an empty list for a label that no container has',
    run: async ({ runtime, uniqueName }) => {
      const labels = { 'conformance.case': uniqueName('unused') }
      expectEqual(await runtime.listContainers({ labels }), [], 'the list')
    },
  },
  'LIST-007': {
    title: 'listContainers includes containers of other owners',
    run: async (context) => {
      const { runtime } = await context.open()
      const id = await createContainer(context, { command: context.programs.exit(0) }, runtime)
      await expectListed(context, id)
    },
  },
  'LIST-008': {
    title: 'listContainers returns only containers that have labels with all given keys',
    requiredOptions: ['labels'],
    run: async (context) => {
      const [one, two] = [context.uniqueName('one'), context.uniqueName('two')]
      const both = await createContainer(context, { labels: { [one]: 'x', [two]: '' } })
      await createContainer(context, { labels: { [one]: 'x' } })
      expectEqual(toIds(await context.runtime.listContainers({ labelKeys: [one, two] })), [both], 'the ids')
      const listed = await context.runtime.listContainers({ labelKeys: [two], labels: { [one]: 'y' } })
      expectEqual(listed, [], 'the list with a label of another value')
    },
  },
  'LIST-009': {
    title: 'listContainers returns only containers in one of the given states, and rejects an unknown one',
    requiredOptions: ['labels'],
    run: async (context) => {
      const { runtime, programs } = context
      const labels = { 'conformance.case': context.uniqueName('case') }
      const created = await createContainer(context, { labels, command: programs.exit(0) })
      const running = await startContainer(context, { labels, command: programs.sleep(60) })
      const { id: exited } = await runToExit(context, { labels, command: programs.exit(0) })
      const list = async (...states: readonly ContainerState[]) =>
        toIds(await runtime.listContainers({ labels, states })).toSorted()
      expectEqual(await list('created'), [created], 'the created containers')
      expectEqual(await list('running'), [running], 'the running containers')
      expectEqual(await list('exited', 'dead'), [exited], 'the exited and dead containers')
      expectEqual(await list('created', 'exited', 'unknown'), [created, exited].toSorted(), 'those that do not run')
      expectEqual(await list('paused', 'restarting'), [], 'the paused and restarting containers')
      expectEqual(await list(), [], 'the containers in none of the states')
      const options = { states: ['gone'] as unknown as readonly ContainerState[] } // not a state, on purpose
      await expectHostError('INVALID_ARGUMENT', () => runtime.listContainers(options), { field: 'states[0]' })
      const keyed = () => runtime.listContainers({ labelKeys: ['a=b'] })
      await expectHostError('INVALID_ARGUMENT', keyed, { field: 'labelKeys[0]' })
    },
  },
})
