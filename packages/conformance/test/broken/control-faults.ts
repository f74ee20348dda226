import { type ContainerControl, isHostError, type Runtime } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { breakPlugin } from './break-plugin.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Faults of container control, and of the lists of containers. */
export const controlFaults: readonly FaultyPlugin[] = [
  controlFault('killContainer resolves before the container has exited', 'CTL-001', (control) => ({
    killContainer: async (id, signal = 'SIGKILL', options) => {
      if (signal !== 'SIGKILL') return await control.killContainer(id, signal, options)
      setTimeout(() => void control.killContainer(id).catch(() => {}), 300)
    },
  })),
  controlFault('killContainer reports every container as exited', 'CTL-002', (control) => ({
    killContainer: (id, signal, options) =>
      control.killContainer(id, signal, options).catch((error: unknown) => {
        if (!isHostError(error, 'NOT_RUNNING')) throw error
        throw createHostError('NOT_RUNNING', { id, state: 'exited' })
      }),
  })),
  controlFault('unpauseContainer resolves for a container that does not exist', 'CTL-003', (control) => ({
    unpauseContainer: (id, options) =>
      control.unpauseContainer(id, options).catch((error: unknown) => {
        if (!isHostError(error, 'CONTAINER_NOT_FOUND')) throw error
      }),
  })),
  controlFault('renameContainer replaces invalid names', 'CTL-004', (control) => ({
    renameContainer: (id, name, options) => control.renameContainer(id, name.replace(/^-/, ''), options),
  })),
  controlFault('restartContainer does nothing for a running container', 'CTL-005', (control) => ({
    restartContainer: async (id, options) => {
      const isRunning = await control.listProcesses(id).then(
        () => true,
        () => false,
      )
      if (!isRunning || options?.graceMs !== 60_000) await control.restartContainer(id, options)
    },
  })),
  controlFault('pauseContainer rejects for a paused container', 'CTL-008', (control) => {
    const paused = new Set<string>()
    return {
      pauseContainer: async (id, options) => {
        if (paused.has(id)) throw createHostError('NOT_RUNNING', { id, state: 'paused' })
        await control.pauseContainer(id, options)
        paused.add(id)
      },
    }
  }),
  {
    fault: 'startContainer resolves for a paused container',
    failingCase: 'CTL-009',
    addFault: (correct) =>
      breakPlugin(correct, {
        runtime: (runtime) => ({
          startContainer: (id, options) => runtime.startContainer(id, options).catch(ignorePaused),
        }),
      }),
  },
  controlFault('renameContainer reports each name as one of this owner', 'CTL-012', (control) => ({
    renameContainer: (id, name, options) =>
      control.renameContainer(id, name, options).catch((error: unknown) => {
        if (!isHostError(error, 'NAME_CONFLICT')) throw error
        throw createHostError('NAME_CONFLICT', { ...error.facts, sameOwner: true })
      }),
  })),
  controlFault('updateContainer forgets the limits that are not given', 'CTL-013', (control) => ({
    updateContainer: (id, update, options) =>
      control.updateContainer(id, 'cpus' in update ? { memoryBytes: 1, ...update } : update, options),
  })),
  controlFault('listProcesses lists only the program of the container', 'CTL-014', (control) => ({
    listProcesses: async (id, options) => (await control.listProcesses(id, options)).slice(0, 1),
  })),
  listFault('listContainers ignores labelKeys', 'LIST-008', (runtime) => ({
    listContainers: ({ labelKeys = [], ...options } = {}) =>
      runtime.listContainers(labelKeys.some((key) => key.includes('=')) ? { ...options, labelKeys } : options),
  })),
  listFault('listContainers lists all containers when it is given no state', 'LIST-009', (runtime) => ({
    listContainers: ({ states = [], ...options } = {}) =>
      runtime.listContainers(states.length === 0 ? options : { ...options, states }),
  })),
]

function controlFault(
  fault: string,
  failingCase: string,
  control: (correct: ContainerControl) => Partial<ContainerControl>,
): FaultyPlugin {
  return { fault, failingCase, addFault: (correct) => breakPlugin(correct, { control }) }
}

function listFault(fault: string, failingCase: string, runtime: (correct: Runtime) => Partial<Runtime>): FaultyPlugin {
  return { fault, failingCase, addFault: (correct) => breakPlugin(correct, { runtime }) }
}

function ignorePaused(error: unknown): void {
  if (!isHostError(error, 'NOT_RUNNING') || error.facts.state !== 'paused') throw error
}
