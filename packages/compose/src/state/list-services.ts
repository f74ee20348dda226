import {
  type ContainerInfo,
  type ContainerInspection,
  isHostError,
  type Runtime,
  type ServiceState,
} from '@capstan/core'
import type { ServiceContainer } from '@capstan/core/plugin'
import { isServiceContainer, toContainerNumber, toProjectLabels, toServiceName } from './compose-labels.js'

/** A container of a service with its details. */
export interface InspectedServiceContainer {
  readonly service: string
  readonly container: ServiceContainer
  readonly inspection: ContainerInspection
}

/** Lists the containers of the services of a project. */
export async function listServiceContainers(
  runtime: Runtime,
  project: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly ContainerInfo[]> {
  return (await runtime.listContainers({ labels: toProjectLabels(project), signal })).filter(isServiceContainer)
}

/** Inspects containers. Leaves out those that were removed meanwhile. */
export async function inspectServiceContainers(
  runtime: Runtime,
  containers: readonly ContainerInfo[],
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly InspectedServiceContainer[]> {
  const inspected = await Promise.all(
    containers.map(async (info) => {
      const inspection = await inspectIfExists(runtime, info.id, signal)
      return inspection === undefined ? [] : [toServiceContainer(info, inspection)]
    }),
  )
  return inspected.flat()
}

/** Groups containers by their services. */
export function toServiceStates(containers: readonly InspectedServiceContainer[]): readonly ServiceState[] {
  const names = [...new Set(containers.map(({ service }) => service))].sort()
  return names.map((service) => ({
    service,
    containers: containers
      .flatMap((entry) => (entry.service === service ? [entry.container] : []))
      .sort((a, b) => a.number - b.number),
  }))
}

async function inspectIfExists(
  runtime: Runtime,
  id: string,
  signal: AbortSignal,
): Promise<ContainerInspection | undefined> {
  try {
    return await runtime.inspectContainer(id, { signal })
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return undefined
    throw error
  }
}

function toServiceContainer(info: ContainerInfo, inspection: ContainerInspection): InspectedServiceContainer {
  const { state, health, ports } = inspection
  return {
    service: toServiceName(info),
    container: {
      id: inspection.id,
      number: toContainerNumber(info),
      state: state.status,
      health,
      exitCode: state.exitCode,
      ports,
    },
    inspection,
  }
}
