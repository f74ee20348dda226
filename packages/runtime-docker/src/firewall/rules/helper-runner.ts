import {
  createHostError,
  createRequestIdLabel,
  createUndoStack,
  toObjectLabels,
  withUndoFailures,
} from '@capstan/core/plugin'
import type { ScriptResult } from '@capstan/egress-firewall'
import { removeContainer } from '../../containers/remove-container.js'
import { removeOrphan } from '../../containers/remove-orphan.js'
import { withAbortGrace } from '../../engine/abort-grace.js'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { hasKnownOutcome } from '../../engine/has-known-outcome.js'
import { readPrefix } from '../../engine/streams/read-prefix.js'
import type { NamespaceRunner, RunnerContext } from './namespace-runner.js'

/**
 * Runs scripts in a helper: a short-lived container in the same network namespace. The restricted container needs
 * neither the capability nor the tools, and cannot have changed them, since the files come from the image.
 */
export function createHelperRunner(
  { engine, container }: RunnerContext,
  { image, title }: { readonly image: string; readonly title: string },
): NamespaceRunner {
  return {
    title,
    async run(script, call) {
      const id = await createHelper(engine, toHelperConfig({ image, script, namespaceId: container.namespaceId }), call)
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

function createHelper(engine: DockerEngine, config: object, call: EngineCall): Promise<string> {
  const requestIdLabel = createRequestIdLabel()
  const body = {
    ...config,
    Labels: { ...toObjectLabels({ kind: 'container' }, engine.ownerLabels), ...requestIdLabel },
  }
  return withAbortGrace(engine, call, async (graceCall) => {
    const api = await engine.api(graceCall)
    try {
      return (await api.createContainer({ _query: {}, _body: body })).id
    } catch (error) {
      throw hasKnownOutcome(error, graceCall) ? error : await removeOrphan(engine, { call, requestIdLabel, error })
    }
  })
}

async function runHelper(engine: DockerEngine, id: string, call: EngineCall): Promise<ScriptResult> {
  const of = { ...call, subject: id }
  await (await engine.api(of)).getContainer(id).start()
  const path = `/containers/${id}`
  const { StatusCode: exitCode, Error: error } = await engine.sendJson<WaitAnswer>({
    ...of,
    method: 'POST',
    path: `${path}/wait`,
  })
  if (error?.Message) throw toFailure(call, error.Message)
  const query = { stdout: true, stderr: true }
  const logs = await engine.send({ ...of, method: 'GET', path: `${path}/logs`, query })
  return { exitCode, output: (await readPrefix(engine, logs, of)).toString() }
}

/** Starts only the shell of the image, with only the rights that iptables needs. */
function toHelperConfig({ image, script, namespaceId }: Helper): object {
  return {
    Image: image,
    User: '0:0',
    WorkingDir: '/',
    Tty: true, // one raw stream, in order
    Entrypoint: ['/bin/sh', '-c', script],
    Cmd: [],
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: `container:${namespaceId}`,
      CapDrop: ['ALL'],
      CapAdd: ['NET_ADMIN', 'NET_RAW'],
      SecurityOpt: ['no-new-privileges'],
      Tmpfs: { '/run': '' }, // for the lock of iptables, also where the image has no such directory
      LogConfig: { Type: 'json-file', Config: {} }, // the engine's default may be one whose logs cannot be read
    },
  }
}

function toFailure({ operation, subject }: EngineCall, reason: string) {
  return createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason })
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
