import { join } from 'node:path'
import { runtimeCapability, volumeManagerCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectAnyHostError } from '../assert/expect-rejection.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, expectPrints, runAttached, startReady } from '../steps/containers.js'
import { createEngineDirectory } from '../steps/engine-machine.js'
import { createVolume } from '../steps/volumes.js'

export const mountCases: readonly ConformanceCase[] = defineCases(
  { capability: runtimeCapability, requiredOptions: ['mounts'] },
  {
    'MNT-001': {
      title: "a bind mount shows a directory of the engine's machine",
      requiredOptions: ['mounts.bind'],
      run: async (context) => {
        const directory = await createEngineDirectory(context)
        await directory.write('note', 'from the machine')
        const { path: source } = directory
        const mounts = [{ type: 'bind', source, target: '/shown' }] as const
        await expectPrints(context, { mounts, command: context.programs.read('/shown/note') }, 'from the machine')
      },
    },
    'MNT-002': {
      title: "writes to a bind mount are visible on the engine's machine",
      requiredOptions: ['mounts.bind'],
      run: async (context) => {
        const directory = await createEngineDirectory(context)
        const mounts = [{ type: 'bind', source: directory.path, target: '/shown' }] as const
        const { exitCode } = await runAttached(context, {
          mounts,
          command: context.programs.write('/shown/note', 'back'),
        })
        expectEqual(exitCode, 0, 'the exit code')
        expectEqual(await directory.read('note'), 'back\n', 'the file')
      },
    },
    'MNT-003': {
      title: 'writes to a read-only bind mount fail',
      requiredOptions: ['mounts.bind'],
      run: async (context) => {
        const { path: source } = await createEngineDirectory(context)
        const mounts = [{ type: 'bind', source, target: '/shown', readOnly: true }] as const
        const { exitCode } = await runAttached(context, {
          mounts,
          command: context.programs.write('/shown/note', 'no'),
        })
        expect(exitCode !== 0, 'an exit code other than 0', exitCode)
      },
    },
    'MNT-004': {
      title:
        'the start fails when the source of a bind mount does not exist: the source is not created, and nothing runs',
      requiredOptions: ['mounts.bind'],
      run: async (context) => {
        const directory = await createEngineDirectory(context)
        const source = join(directory.path, 'absent')
        const mounts = [{ type: 'bind', source, target: '/shown' }] as const
        await expectAnyHostError(() => runAttached(context, { mounts, command: context.programs.exit(0) }))
        expectEqual([...(await directory.list())], [], 'the entries of the directory')
      },
    },
    'MNT-005': {
      title: 'a volume keeps the files of one container for the next',
      needs: [volumeManagerCapability],
      requiredOptions: ['mounts.volume'],
      run: async (context) => {
        const mounts = [{ type: 'volume', source: await createVolume(context), target: '/kept' }] as const
        const { exitCode } = await runAttached(context, {
          mounts,
          command: context.programs.write('/kept/note', 'kept'),
        })
        expectEqual(exitCode, 0, 'the exit code of the write')
        await expectPrints(context, { mounts, command: context.programs.read('/kept/note') }, 'kept')
      },
    },
    'MNT-006': {
      title: 'writes to a read-only volume fail',
      needs: [volumeManagerCapability],
      requiredOptions: ['mounts.volume'],
      run: async (context) => {
        const source = await createVolume(context)
        const mounts = [{ type: 'volume', source, target: '/kept', readOnly: true }] as const
        const { exitCode } = await runAttached(context, { mounts, command: context.programs.write('/kept/note', 'no') })
        expect(exitCode !== 0, 'an exit code other than 0', exitCode)
      },
    },
    'MNT-007': {
      title: 'a tmpfs is writable on a read-only root filesystem',
      requiredOptions: ['mounts.tmpfs', 'readOnlyRootFilesystem'],
      run: async (context) => {
        const mounts = [{ type: 'tmpfs', target: '/scratch', executable: true }] as const
        const command = context.programs.write('/scratch/note', 'there')
        const { exitCode } = await runAttached(context, { mounts, readOnlyRootFilesystem: true, command })
        expectEqual(exitCode, 0, 'the exit code')
      },
    },
    'MNT-008': {
      title: 'a tmpfs has the requested mode',
      requiredOptions: ['mounts.tmpfs'],
      run: async (context) => {
        const mounts = [{ type: 'tmpfs', target: '/scratch', executable: true, mode: 0o1750 }] as const
        await expectPrints(context, { mounts, command: context.programs.permissions('/scratch') }, '1750')
      },
    },
    'MNT-009': {
      title: 'a tmpfs does not execute programs unless executable is true',
      requiredOptions: ['mounts.tmpfs', 'mounts.tmpfs.noexec'],
      run: async (context) => {
        const command = context.programs.execute('/scratch/program')
        const mounts = [{ type: 'tmpfs', target: '/scratch' }] as const
        const { exitCode } = await runAttached(context, { mounts, command })
        expect(exitCode !== 0, 'an exit code other than 0 by default', exitCode)
      },
    },
    'MNT-010': {
      title: 'one container can have several mounts of different types',
      requiredOptions: ['mounts.bind', 'mounts.tmpfs'],
      run: async (context) => {
        const directory = await createEngineDirectory(context)
        await directory.write('note', 'bound')
        const { path: source } = directory
        const mounts = [
          { type: 'tmpfs', target: '/scratch', executable: true },
          { type: 'bind', source, target: '/shown' },
        ] as const
        await expectPrints(context, { mounts, command: context.programs.read('/shown/note') }, 'bound')
      },
    },
    'MNT-011': {
      title: 'sizeBytes limits the size of a tmpfs',
      requiredOptions: ['mounts.tmpfs', 'mounts.tmpfs.size'],
      run: async (context) => {
        const command = context.programs.write('/scratch/note', 'x'.repeat(100_000))
        const mount = { type: 'tmpfs', target: '/scratch', executable: true } as const
        const wide = await runAttached(context, { mounts: [mount], command })
        const narrow = await runAttached(context, { mounts: [{ ...mount, sizeBytes: 64 * 1024 }], command })
        expectEqual(wide.exitCode, 0, 'the exit code without it')
        expect(narrow.exitCode !== 0, 'an exit code other than 0 with it', narrow.exitCode)
      },
    },
    'MNT-014': {
      title: 'a bind mount with a changed SELinux label shows the directory',
      requiredOptions: ['mounts.bind', 'mounts.bind.relabel'],
      run: async (context) => {
        const directory = await createEngineDirectory(context)
        await directory.write('note', 'relabelled')
        const { path: source } = directory
        const mounts = [{ type: 'bind', source, target: '/shown', relabel: 'private' }] as const
        await expectPrints(context, { mounts, command: context.programs.read('/shown/note') }, 'relabelled')
        const absent = [{ ...mounts[0], source: join(source, 'absent') }]
        await expectAnyHostError(() => createContainer(context, { mounts: absent }))
        expectEqual([...(await directory.list())], ['note'], 'the entries of the directory')
      },
    },
    'MNT-012': {
      title: 'an executable tmpfs executes programs',
      requiredOptions: ['mounts.tmpfs'],
      run: async (context) => {
        const mounts = [{ type: 'tmpfs', target: '/scratch', executable: true }] as const
        const command = context.programs.execute('/scratch/program')
        await expectPrints(context, { mounts, command }, 'executed')
      },
    },
    'MNT-013': {
      title: 'two running containers share a volume: each sees what the other writes',
      needs: [volumeManagerCapability],
      requiredOptions: ['mounts.volume', 'mounts.volume.shared'],
      run: async (context) => {
        const mounts = [{ type: 'volume', source: await createVolume(context), target: '/shared' }] as const
        const id = await startReady(context, { mounts, command: context.programs.ignoreSigterm() })
        const { exitCode } = await runAttached(context, {
          mounts,
          command: context.programs.write('/shared/note', 'shared'),
        })
        expectEqual(exitCode, 0, 'the exit code of the write')
        await expectPrints(context, { mounts, command: context.programs.read('/shared/note') }, 'shared')
        expectEqual(await context.runtime.containerState(id), 'running', 'the state of the first')
      },
    },
  },
)
