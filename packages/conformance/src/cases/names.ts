import { runtimeCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, runToExit, startContainer } from '../steps/containers.js'

export const nameCases: readonly ConformanceCase[] = defineCases(
  { capability: runtimeCapability, requiredOptions: ['name'] },
  {
    'NAME-001': {
      title:
        'createContainer rejects with NAME_CONFLICT, the holder and sameOwner true when the name is taken, and the holder is unchanged',
      run: async (context) => {
        const name = context.uniqueName('taken')
        const holderId = await startContainer(context, { name, command: context.programs.sleep(60) })
        await expectHostError('NAME_CONFLICT', () => createNamed(context, name), { name, holderId, sameOwner: true })
        expectEqual(await context.runtime.containerState(holderId), 'running', 'the state of the holder')
      },
    },
    'NAME-002': {
      title: 'createContainer rejects with NAME_CONFLICT and sameOwner false when another owner has the name',
      run: async (context) => {
        const { runtime: other } = await context.open()
        const name = context.uniqueName('foreign')
        const holderId = await createContainer(context, { name, command: context.programs.exit(0) }, other)
        await expectHostError('NAME_CONFLICT', () => createNamed(context, name), { name, holderId, sameOwner: false })
      },
    },
    'NAME-003': {
      title: 'an exited container keeps its name',
      run: async (context) => {
        const name = context.uniqueName('exited')
        await runToExit(context, { name, command: context.programs.exit(0) })
        await expectHostError('NAME_CONFLICT', () => createNamed(context, name), { name })
      },
    },
    'NAME-004': {
      title: 'a name can be used again after its container was removed',
      run: async (context) => {
        const name = context.uniqueName('freed')
        const { id: first } = await runToExit(context, { name, command: context.programs.exit(3) })
        await context.runtime.removeContainer(first)
        const second = await createContainer(context, { name, command: context.programs.exit(7) })
        // On a runtime whose id is the name, the second container has the id of the first and must have none of its state.
        await context.runtime.startContainer(second, { signal: context.signal })
        expectEqual(
          await context.runtime.waitContainer(second, { signal: context.signal }),
          7,
          'the exit code of the second container',
        )
      },
    },
    'NAME-005': {
      title: 'of two concurrent creates with one name, one succeeds and one rejects with NAME_CONFLICT',
      run: async (context) => {
        const name = context.uniqueName('raced')
        const outcomes = await Promise.allSettled([createNamed(context, name), createNamed(context, name)])
        const rejections = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
        expectEqual(rejections.length, 1, 'the number of rejections')
        await expectHostError('NAME_CONFLICT', () => Promise.reject(rejections[0]), { name })
      },
    },
    'NAME-006': {
      title: 'containers created without a name get different names',
      run: async (context) => {
        const ids = [await createContainer(context, {}), await createContainer(context, {})]
        const listed = (await context.runtime.listContainers()).filter(({ id }) => ids.includes(id))
        const names = listed.map(({ name }) => name)
        expect(names.length === 2 && names[0] !== names[1] && !names.includes(''), 'two names', names)
      },
    },
  },
)

async function createNamed(context: CaseContext, name: string): Promise<string> {
  return await createContainer(context, { name, command: context.programs.exit(0) })
}
