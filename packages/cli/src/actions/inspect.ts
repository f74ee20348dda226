import type { ContainerInspection } from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import type { InspectOptions } from '../commands/inspect.js'
import { findContainer } from '../find-container.js'
import { openRuntime } from '../open-host.js'
import { toInspectionText } from '../render/inspection-text.js'
import { toJson, writeOutput } from '../render/write-output.js'

/** Shows containers in full. */
export async function inspect({ invocation, operands, options }: Call<InspectOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  await using opened = await openRuntime(invocation)
  const { runtime, runtimeName } = opened.scope
  const containers: ContainerInspection[] = []
  for (const reference of operands) {
    const { id } = await findContainer(runtime, reference, { signal })
    containers.push(await runtime.inspectContainer(id, { signal }))
  }
  const text = options.json
    ? toJson({ runtime: runtimeName, containers })
    : containers.map((container) => toInspectionText(container)).join('\n')
  await writeOutput(io.stdout, text, interrupts)
  return 0
}
