import { createHostError, createUndoStack, toObjectLabels, withUndoFailures } from '@capstan/core/plugin'
import type { ScriptResult } from '@capstan/egress-firewall'
import { removeContainer } from '../../containers/remove-container.js'
import { requestContainer } from '../../containers/request-container.js'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { readPrefix } from '../../engine/streams/read-prefix.js'
import type { NamespaceRunner, RunnerContext } from './namespace-runner.js'
import { toShellContainer } from './shell-container.js'

/**
 * Runs scripts in a helper: a short-lived container in the same network namespace. The restricted container needs
 * neither NET_ADMIN nor the tools, and cannot have changed them, since the files come from the image.
 */
export function createHelperRunner(
  { engine, container }: RunnerContext,
  { image, title }: { readonly image: string; readonly title: string },
): NamespaceRunner {
  return {
    title,
    async run(script, call) {
      const id = await createHelper(engine, { image, script, namespaceId: container.namespaceId }, call)
      const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
      undo.add('firewall helper', (own) => removeContainer(engine, id, own))
      const result = await runHelper(engine, id, call).catch(async (error: unknown) => {
        throw withUndoFailures(error, await undo.run())
      })
      const [failure] = await undo.run()
      if (failure !== undefined) throw failure
      return result
    },
  }
}

async function createHelper(
  engine: DockerEngine,
  { image, script, namespaceId }: Helper,
  call: EngineCall,
): Promise<string> {
  const labels = toObjectLabels({ kind: 'container' }, engine.ownerLabels)
  const hostConfig = { NetworkMode: `container:${namespaceId}` }
  const body = { ...toShellContainer({ image, script, labels, hostConfig }), Tty: true } // one raw stream, in order
  return (await requestContainer(engine, { body }, call)).id
}

async function runHelper(engine: DockerEngine, id: string, call: EngineCall): Promise<ScriptResult> {
  const helperCall = { ...call, subject: id }
  await (await engine.api(helperCall)).getContainer(id).start()
  const path = `/containers/${id}`
  const { StatusCode: exitCode, Error: error } = await engine.sendJson<WaitAnswer>({
    ...helperCall,
    method: 'POST',
    path: `${path}/wait`,
  })
  if (error?.Message) {
    const { operation, subject } = call
    throw createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason: error.Message })
  }
  const query = { stdout: true, stderr: true }
  const logs = await engine.send({ ...helperCall, method: 'GET', path: `${path}/logs`, query })
  return { exitCode, output: (await readPrefix(engine, logs, helperCall)).toString() }
}

interface Helper {
  readonly image: string
  readonly script: string
  /** The full id of the container that owns the network namespace. */
  readonly namespaceId: string
}

interface WaitAnswer {
  readonly StatusCode: number
  readonly Error?: { readonly Message?: string } | null
}
