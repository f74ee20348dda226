import { randomUUID } from 'node:crypto'
import { createUndoStack, withUndoFailures } from '@capstan/core/plugin'
import { findContainer } from '../../containers/inspection/inspect-container.js'
import { removeContainer } from '../../containers/remove-container.js'
import { requestContainer } from '../../containers/request-container.js'
import { toContainerName } from '../../engine/container-name.js'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { toReason } from '../../engine/engine-text.js'
import { toReplacementLabels } from '../../engine/sandbox-labels.js'
import { findImage } from '../../images/images.js'
import { toSeparateHostname } from '../../quirks/container-quirks.js'
import { toReplacementBody } from './sandbox-body.js'
import type { SandboxedStart } from './start-sandbox.js'

/**
 * Replaces a container that was not started yet: creates a new one with the same settings and name in the network
 * namespace of the sandbox, and removes the old one. From then on the first id refers to the new container.
 *
 * When it rejects, the old container is unchanged.
 */
export async function replaceContainer(
  engine: DockerEngine,
  { container, request, sandboxId }: Omit<SandboxedStart, 'rules'> & { readonly sandboxId: string },
  call: EngineCall,
): Promise<void> {
  const firstId = container.Id
  const name = toContainerName(container.Name)
  const image = await pinImage(engine, container.Image ?? '', request.body.Image ?? '', call)
  const temporaryName = `${name}-${randomUUID().slice(0, 8)}`
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  try {
    undo.add(`the name of ${name}`, async (own) => {
      engine.containers.forgetSandboxed(firstId)
      const undoing = { ...call, ...own }
      const first = await findContainer(engine, { ...undoing, subject: firstId })
      if (toContainerName(first?.Name) === temporaryName) await rename(engine, firstId, name, undoing)
    })
    await rename(engine, firstId, temporaryName, call)
    const hostname = toSeparateHostname(engine, request.body, firstId)
    const labels = toReplacementLabels({ firstId, sandboxId })
    const body = toReplacementBody(request.body, { image, sandboxId, labels, hostname })
    const { id } = await requestContainer(engine, { body, platform: request.platform, name }, call)
    engine.containers.addSandboxed(firstId, { id, sandboxId })
    engine.containers.forgetCreated(firstId)
  } catch (error) {
    throw withUndoFailures(error, await undo.run())
  }
  await removeFirst(engine, temporaryName)
}

/**
 * Removes the first container by its name, since the first id now refers to the new one. After a failure a sweep
 * removes it by its ownership labels.
 */
async function removeFirst(engine: DockerEngine, name: string): Promise<void> {
  const cleanup = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  cleanup.add(`container ${name}`, (own) => removeContainer(engine, name, own))
  for (const failure of await cleanup.run()) engine.warn(`container "${name}" is left: ${toReason(failure)}`)
}

/** Whether the files of a container that was not started yet are those of its image: copied files would be lost. */
export async function canReplace(engine: DockerEngine, call: EngineCall): Promise<boolean> {
  const path = `/containers/${call.subject}/changes`
  const changes = await engine.sendJson<readonly unknown[] | null>({ ...call, method: 'GET', path })
  return (changes ?? []).length === 0
}

async function rename(engine: DockerEngine, id: string, name: string, call: EngineCall): Promise<void> {
  await engine.sendJson({ ...call, subject: id, method: 'POST', path: `/containers/${id}/rename`, query: { name } })
}

/** Returns the reference of the caller, or the id of the image if the reference now refers to another image. */
async function pinImage(engine: DockerEngine, imageId: string, reference: string, call: EngineCall): Promise<string> {
  const image = await findImage(engine, reference, { ...call, subject: reference })
  return image?.Id === imageId ? reference : imageId
}
