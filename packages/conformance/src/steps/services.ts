import {
  type ConvergeOptions,
  type RuntimeScope,
  type ServiceConfig,
  type ServiceLogStream,
  type SwarmManager,
  swarmManagerCapability,
} from '@capstan/core'
import type { CaseContext } from '../case-context.js'

/** The settings of a service of a case. Default: one task of the kit's image that sleeps for a minute. */
export type CaseService = Partial<ServiceConfig>

/** Completes the settings of a service. A task counts as started after half a second, and ends soon. */
export function toServiceConfig(context: CaseContext, config: CaseService): ServiceConfig {
  return {
    name: context.uniqueName('service'),
    image: context.image,
    command: context.programs.sleep(60),
    replicas: 1,
    stopGraceMs: 100,
    ...config,
    update: { monitorMs: 500, ...config.update },
  }
}

/** Creates a service that is removed after the case. */
export async function createService(
  context: CaseContext,
  config: CaseService = {},
  { scope = context.scope, ...options }: ConvergeOptions & { readonly scope?: RuntimeScope } = {},
): Promise<{ readonly id: string; readonly name: string; readonly swarm: SwarmManager }> {
  const swarm = context.require(swarmManagerCapability, scope)
  const complete = toServiceConfig(context, config)
  const id = await swarm.createService(complete, { signal: context.signal, ...options })
  context.defer(`service ${complete.name}`, (own) =>
    context.require(swarmManagerCapability).removeService(id, { signal: own.signal }),
  )
  return { id, name: complete.name, swarm }
}

/** The output of one task in the log of a service. */
interface TaskOutput {
  nodeId: string
  stdout: string
  stderr: string
}

/** Reads the log of a service to its end. Resolves with the output of each task, by its id; `tasks` has it while it is read. */
export async function readServiceLog(
  stream: ServiceLogStream,
  tasks: Map<string, TaskOutput> = new Map(),
): Promise<ReadonlyMap<string, Readonly<TaskOutput>>> {
  for await (const { taskId, nodeId, source, bytes } of stream) {
    const task = tasks.get(taskId) ?? { nodeId, stdout: '', stderr: '' }
    tasks.set(taskId, task)
    task[source === 'stderr' ? 'stderr' : 'stdout'] += Buffer.from(bytes).toString()
  }
  return tasks
}
