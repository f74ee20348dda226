import { createUndoStack } from '@capstan/core/plugin'
import { findContainer } from '../../containers/inspection/inspect-container.js'
import { removeContainer } from '../../containers/remove-container.js'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { toReason } from '../../engine/engine-text.js'
import { ignoreErrors } from '../../engine/ignore-errors.js'

/**
 * Stops the sandbox of a container that does not run, so that its ports and addresses are free, and removes the sandbox
 * of a container that was removed. Does nothing for a container that runs, is being started, or has no sandbox. Does
 * not stop it on an engine with the quirk `startsNamespaceOwners`. Never rejects: a failure is a warning.
 */
export async function releaseSandboxIfEnded(engine: DockerEngine, call: EngineCall): Promise<void> {
  if (engine.containers.findSandboxed(call.subject) === undefined) return
  const cleanup = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  cleanup.add('firewall sandbox', (own) => releaseSandbox(engine, { ...call, ...own }))
  for (const failure of await cleanup.run()) {
    engine.warn(`the sandbox of container "${call.subject}" could not be stopped or removed: ${toReason(failure)}`)
  }
}

async function releaseSandbox(engine: DockerEngine, call: EngineCall): Promise<void> {
  const found = engine.containers.findSandboxed(call.subject)
  if (found === undefined || engine.containers.isStarting(found.firstId)) return
  const { firstId, sandboxId } = found
  const container = await findContainer(engine, call)
  if (container === undefined) {
    await removeContainer(engine, sandboxId, { signal: call.signal })
    engine.containers.moveToRemoved(firstId)
    engine.containers.settings.forget(firstId)
    return
  }
  // An engine with this quirk would start a stopped sandbox, which then has no rules, together with the container.
  if (engine.details.quirks.startsNamespaceOwners) return
  if (container.State?.Running === true || engine.containers.isStarting(firstId)) return
  const api = await engine.api({ ...call, subject: sandboxId })
  // SIGKILL, since the process of a sandbox has nothing to clean up.
  const killed = api.getContainer(sandboxId).kill({ _query: { signal: 'KILL' }, _body: {} })
  await ignoreErrors(['NOT_RUNNING', 'CONTAINER_NOT_FOUND'], killed)
}
