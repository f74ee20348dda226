import {
  type ContainerInspection,
  findCapability,
  type OperationOptions,
  type RuntimeScope,
  sidecarManagerCapability,
} from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import type { InspectOptions } from '../commands/inspect.js'
import { findContainer } from '../find-container.js'
import { type PublishedPort, readPorts } from '../find-ports.js'
import { openRuntime } from '../open-host.js'
import { toInspectionText } from '../render/inspection-text.js'
import { toJson, writeOutput } from '../render/write-output.js'

/** Shows what is known of containers; on a runtime that cannot inspect, what its list and its ports tell. */
export async function inspect({ invocation, operands, options }: Call<InspectOptions>): Promise<number> {
  const { io, interrupts } = invocation
  await using opened = await openRuntime(invocation)
  const containers: InspectedContainer[] = []
  for (const reference of operands) {
    containers.push(await inspectOne(opened.scope, reference, { signal: interrupts.signal }))
  }
  const { runtimeName } = opened.scope
  const text = options.json
    ? toJson({ runtime: runtimeName, containers })
    : containers.map((container) => toInspectionText(container)).join('\n')
  await writeOutput(io.stdout, text, interrupts)
  return 0
}

/** What every runtime can tell, and the rest where it can be had. */
export type InspectedContainer = Pick<ContainerInspection, 'id' | 'name' | 'image' | 'createdAt' | 'labels'> &
  Partial<Pick<ContainerInspection, 'imageId' | 'command' | 'networks'>> & {
    readonly ports: readonly PublishedPort[]
    readonly state: Pick<ContainerInspection['state'], 'status' | 'running'> & Partial<ContainerInspection['state']>
  }

async function inspectOne(
  scope: RuntimeScope,
  reference: string,
  options: OperationOptions,
): Promise<InspectedContainer> {
  const found = await findContainer(scope.runtime, reference, options)
  const inspector = findCapability(scope, sidecarManagerCapability)
  if (inspector !== undefined) return await inspector.inspectContainer(found.id, options)
  return {
    ...found,
    state: { status: found.state, running: found.state === 'running' },
    ports: await readPorts(scope, found.id, options),
  }
}
