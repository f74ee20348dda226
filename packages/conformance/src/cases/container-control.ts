import { type ContainerControl, containerControlCapability, execManagerCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { eventually, within } from '../assert/wait.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectAborts } from '../steps/abort.js'
import { collectBytes } from '../steps/collect.js'
import { createContainer, expectListed, runToExit, startContainer, startReady } from '../steps/containers.js'
import { readExec, startExec } from '../steps/exec.js'
import { untilLogged } from '../steps/logs.js'

export const containerControlCases: readonly ConformanceCase[] = defineCases(containerControlCapability, {
  'CTL-001': {
    title:
      'killContainer sends a signal by name and by number; by default SIGKILL, and resolves when the container has exited',
    run: async (context) => {
      const { runtime, signal, programs } = context
      const control = context.require(containerControlCapability)
      const byName = await startReady(context, { command: programs.exitOnSignal('INT', 4) })
      await control.killContainer(byName, 'SIGINT', { signal })
      expectEqual(await runtime.waitContainer(byName, { signal }), 4, 'the exit code after SIGINT')
      const byNumber = await startReady(context, { command: programs.exitOnSignal('TERM', 5) })
      await control.killContainer(byNumber, '15', { signal })
      expectEqual(await runtime.waitContainer(byNumber, { signal }), 5, 'the exit code after signal 15')
      const killed = await startReady(context, { command: programs.ignoreSigterm() })
      await control.killContainer(killed)
      const { state } = await runtime.inspectContainer(killed)
      expectEqual([state.status, state.exitCode], ['exited', 137], 'the state and the exit code after SIGKILL')
    },
  },
  'CTL-002': {
    title: 'killContainer, pauseContainer, unpauseContainer and listProcesses reject with NOT_RUNNING and the state',
    requiredOptions: ['container-control.pause', 'container-control.top'],
    run: async (context) => {
      const control = context.require(containerControlCapability)
      const created = await createContainer(context, { command: context.programs.exit(0) })
      const { id: exited } = await runToExit(context, { command: context.programs.exit(0) })
      for (const [id, state] of [[created, 'created'] as const, [exited, 'exited'] as const]) {
        for (const call of toCalls(control, id)) await expectHostError('NOT_RUNNING', call, { id, state })
      }
    },
  },
  'CTL-003': {
    title:
      'killContainer, restartContainer, pauseContainer, unpauseContainer, renameContainer and listProcesses reject with CONTAINER_NOT_FOUND when the container does not exist',
    requiredOptions: ['container-control.pause', 'container-control.top', 'container-control.rename'],
    run: async (context) => {
      const control = context.require(containerControlCapability)
      const id = context.uniqueName('missing')
      const calls = [
        ...toCalls(control, id),
        () => control.restartContainer(id),
        () => control.renameContainer(id, context.uniqueName('renamed')),
      ]
      for (const call of calls) await expectHostError('CONTAINER_NOT_FOUND', call, { id })
    },
  },
  'CTL-004': {
    title: 'invalid signals, grace periods and names reject with INVALID_ARGUMENT, the field, and no effect',
    requiredOptions: ['container-control.rename'],
    run: async (context) => {
      const control = context.require(containerControlCapability)
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const rejections: readonly (readonly [field: string, call: () => Promise<void>])[] = [
        ['signal', () => control.killContainer(id, 'term')],
        ['signal', () => control.killContainer(id, 'SIGNONE')],
        ['graceMs', () => control.restartContainer(id, { graceMs: -1 })],
        ['name', () => control.renameContainer(id, '-x')],
      ]
      for (const [field, call] of rejections) await expectHostError('INVALID_ARGUMENT', call, { field })
      expectEqual(await context.runtime.containerState(id), 'running', 'the state')
    },
  },
  'CTL-005': {
    title: 'restartContainer stops a running program by its stop signal and starts it again with the same id',
    run: async (context) => {
      const { runtime, signal, programs } = context
      const id = await startReady(context, { command: programs.exitOnSignal('TERM', 3) })
      const before = await runtime.inspectContainer(id)
      const exit = runtime.waitContainer(id, { signal })
      await context.require(containerControlCapability).restartContainer(id, { graceMs: 60_000, signal })
      expectEqual(await exit, 3, 'the exit code of the first run')
      const after = await runtime.inspectContainer(id)
      expectEqual([after.id, after.state.status], [id, 'running'], 'the id and the state')
      expect(
        // Some engines report whole seconds.
        before.state.startedAt === undefined || Number(after.state.startedAt) >= Number(before.state.startedAt),
        'a time of start that is not before the first one',
        after.state.startedAt,
      )
    },
  },
  'CTL-006': {
    title: 'restartContainer kills after graceMs 0, and keeps a container with autoRemove',
    requiredOptions: ['autoRemove', 'container-control.autoRemove'],
    run: async (context) => {
      const { runtime, signal, programs } = context
      const id = await startReady(context, { autoRemove: true, command: programs.ignoreSigterm() })
      await within(
        8000,
        'the end of restartContainer',
        context.require(containerControlCapability).restartContainer(id, { graceMs: 0, signal }),
      )
      expectEqual(await runtime.containerState(id), 'running', 'the state')
    },
  },
  'CTL-007': {
    title: 'restartContainer starts a created and an exited container, and rejects as startContainer does',
    run: async (context) => {
      const { runtime, signal, programs } = context
      const control = context.require(containerControlCapability)
      const id = await createContainer(context, { command: programs.exit(6) })
      for (const run of ['first', 'second']) {
        await control.restartContainer(id, { signal })
        expectEqual(await runtime.waitContainer(id, { signal }), 6, `the exit code of the ${run} run`)
      }
      const missing = await createContainer(context, { command: programs.missing() })
      await expectHostError('COMMAND_NOT_STARTED', () => control.restartContainer(missing), { exitCode: 127 })
    },
  },
  'CTL-008': {
    title: 'pauseContainer holds back the output until unpauseContainer, and both can be repeated',
    requiredOptions: ['container-control.pause'],
    run: async (context) => {
      const { runtime, signal, programs } = context
      const control = context.require(containerControlCapability)
      const id = await startReady(context, { command: programs.printTwice('ready', 'late', 0.5) })
      for (let call = 0; call < 2; call += 1) await control.pauseContainer(id, { signal })
      const { state } = await runtime.inspectContainer(id)
      expectEqual([state.status, state.running, state.exitCode], ['paused', true, undefined], 'the inspected state')
      expectEqual((await expectListed(context, id)).state, 'paused', 'the listed state')
      for (let call = 0; call < 2; call += 1) await control.unpauseContainer(id, { signal })
      await untilLogged(context, id, 'late')
      expectEqual(await runtime.waitContainer(id, { signal }), 0, 'the exit code')
    },
  },
  'CTL-009': {
    title: 'a paused container cannot be started, attached to, listed or execute a command: NOT_RUNNING and `paused`',
    requiredOptions: ['container-control.pause', 'container-control.top'],
    needs: [execManagerCapability],
    run: async (context) => {
      const { runtime, signal, programs } = context
      const control = context.require(containerControlCapability)
      const id = await startContainer(context, { command: programs.sleep(60) })
      await control.pauseContainer(id, { signal })
      const { stream: stdout } = collectBytes()
      const calls = [
        () => runtime.startContainer(id, { signal }),
        () => runtime.attach(id, { stdout, signal }),
        () => runtime.startAttached(id, { stdout, signal }),
        () => startExec(context, id, programs.exit(0)),
        () => control.listProcesses(id, { signal }),
      ]
      for (const call of calls) await expectHostError('NOT_RUNNING', call, { id, state: 'paused' })
      expectEqual(await runtime.containerState(id), 'paused', 'the state afterwards')
    },
  },
  'CTL-010': {
    title: 'a paused container can be stopped, killed, restarted and removed',
    requiredOptions: ['container-control.pause'],
    run: async (context) => {
      const { runtime, signal, programs } = context
      const control = context.require(containerControlCapability)
      const pause = async () => {
        const id = await startReady(context, { command: programs.exitOnSignal('TERM', 7) })
        await control.pauseContainer(id, { signal })
        return id
      }
      const id = await pause()
      await within(20_000, 'the end of stopContainer', runtime.stopContainer(id, { graceMs: 60_000, signal }))
      expectEqual(await runtime.waitContainer(id, { signal }), 7, 'the exit code after stopContainer')
      const killed = await pause()
      await control.killContainer(killed, 'SIGTERM', { signal })
      expectEqual(await runtime.waitContainer(killed, { signal }), 7, 'the exit code after SIGTERM')
      const restarted = await pause()
      await control.restartContainer(restarted, { graceMs: 60_000, signal })
      expectEqual(await runtime.containerState(restarted), 'running', 'the state after restartContainer')
      await control.pauseContainer(restarted, { signal })
      await runtime.removeContainer(restarted, { signal })
    },
  },
  'CTL-011': {
    title: 'renameContainer changes the name and keeps the id, also of a running container, and frees the old name',
    requiredOptions: ['container-control.rename', 'name'],
    run: async (context) => {
      const { runtime, signal, programs } = context
      const control = context.require(containerControlCapability)
      const [first, second, third] = ['first', 'second', 'third'].map((word) => context.uniqueName(word))
      const id = await createContainer(context, { name: first ?? '', command: programs.sleep(60) })
      await control.renameContainer(id, second ?? '', { signal })
      await runtime.startContainer(second ?? '', { signal })
      await control.renameContainer(second ?? '', third ?? '', { signal })
      await control.renameContainer(id, third ?? '', { signal })
      const { id: found, name, state } = await runtime.inspectContainer(third ?? '')
      expectEqual([found, name, state.status], [id, third, 'running'], 'the id, the name and the state')
      await createContainer(context, { name: first ?? '', command: programs.exit(0) })
    },
  },
  'CTL-012': {
    title: 'renameContainer rejects with NAME_CONFLICT, the holder and sameOwner, and changes nothing',
    requiredOptions: ['container-control.rename', 'name'],
    run: async (context) => {
      const control = context.require(containerControlCapability)
      const { runtime: other } = await context.open()
      const own = context.uniqueName('own')
      const foreign = context.uniqueName('foreign')
      const command = context.programs.exit(0)
      const id = await createContainer(context, { name: context.uniqueName('renamed'), command })
      const { name: before } = await context.runtime.inspectContainer(id)
      const holderId = await createContainer(context, { name: own, command })
      const foreignId = await createContainer(context, { name: foreign, command }, other)
      const rename = (name: string) => () => control.renameContainer(id, name)
      await expectHostError('NAME_CONFLICT', rename(own), { name: own, holderId, sameOwner: true })
      await expectHostError('NAME_CONFLICT', rename(foreign), { name: foreign, holderId: foreignId, sameOwner: false })
      expectEqual((await context.runtime.inspectContainer(id)).name, before, 'the name')
    },
  },
  'CTL-013': {
    title: 'updateContainer changes limits and the restart policy of a running container, which stay after a restart',
    requiredOptions: [
      'container-control.update',
      'memoryBytes',
      'memoryBytes.small',
      'cpus',
      'cpus.fraction',
      'pidsLimit',
      'restartPolicy',
    ],
    needs: [execManagerCapability],
    run: async (context) => {
      const { signal, programs } = context
      const control = context.require(containerControlCapability)
      const missing = context.uniqueName('missing')
      await expectHostError('CONTAINER_NOT_FOUND', () => control.updateContainer(missing, { pidsLimit: 77 }))
      await expectHostError('INVALID_ARGUMENT', () => control.updateContainer(missing, {}), { field: 'update' })
      const invalid = () => control.updateContainer(missing, { memoryBytes: 0 })
      await expectHostError('INVALID_ARGUMENT', invalid, { field: 'update.memoryBytes' })
      const mebibyte = 1024 * 1024
      const id = await startContainer(context, { memoryBytes: 64 * mebibyte, command: programs.sleep(60) })
      const read = async (command: readonly string[]) => (await readExec(await startExec(context, id, command))).stdout
      await control.updateContainer(id, { memoryBytes: 256 * mebibyte }, { signal })
      await control.updateContainer(id, { cpus: 0.5, pidsLimit: 77 }, { signal })
      const restartPolicy = { name: 'on-failure', maxRetries: 2 } as const
      await control.updateContainer(id, { restartPolicy }, { signal })
      for (const moment of ['after the update', 'after the restart']) {
        expectEqual((await read(programs.memoryLimit())).trim(), String(256 * mebibyte), `memoryBytes ${moment}`)
        const [quota = 0, period = 0] = (await read(programs.cpuLimit())).trim().split(/\s+/).map(Number)
        expectEqual(quota / period, 0.5, `cpus ${moment}`)
        expectEqual((await read(programs.processLimit())).trim(), '77', `pidsLimit ${moment}`)
        expectEqual((await context.runtime.inspectContainer(id)).restartPolicy, restartPolicy, `the policy ${moment}`)
        if (moment === 'after the update') await control.restartContainer(id, { graceMs: 0, signal })
      }
    },
  },
  'CTL-014': {
    title: 'listProcesses lists the program of the container and a process that exec started',
    requiredOptions: ['container-control.top'],
    needs: [execManagerCapability],
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(61) })
      await using _exec = await startExec(context, id, context.programs.sleep(62))
      const words = [context.programs.sleep(61), context.programs.sleep(62)].map((command) => command.at(-1) ?? '')
      const control = context.require(containerControlCapability)
      const processes = await eventually('both processes', async () => {
        const listed = await control.listProcesses(id, { signal: context.signal })
        return words.every((word) => listed.some(({ command }) => command.includes(word))) ? listed : undefined
      })
      const isValid = processes.every(
        ({ pid, parentPid, user }) => Number.isInteger(pid) && pid > 0 && Number.isInteger(parentPid) && user !== '',
      )
      expect(isValid, 'a process id, the id of the parent and a user of each process', processes)
    },
  },
  'CTL-015': {
    title: 'restartContainer rejects with the reason of an aborted signal',
    run: async (context) => {
      const id = await startReady(context, { command: context.programs.ignoreSigterm() })
      const control = context.require(containerControlCapability)
      await expectAborts((own) => control.restartContainer(id, { graceMs: 60_000, ...own }))
    },
  },
})

/** The calls that need a running container. */
function toCalls(control: ContainerControl, id: string): readonly (() => Promise<unknown>)[] {
  return [
    () => control.killContainer(id),
    () => control.pauseContainer(id),
    () => control.unpauseContainer(id),
    () => control.listProcesses(id),
  ]
}
