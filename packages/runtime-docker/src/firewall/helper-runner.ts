import { createHostError, createUndoStack, isHostError, toObjectLabels, withUndoFailures } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { createRequestMark } from '../request-mark.js'
import type { NamespaceRunner, RunnerContext, ScriptResult } from './namespace-runner.js'
import { readText } from './read-text.js'

/**
 * Runs scripts in a short-lived container that joins the workload's network namespace, and nothing else of it.
 *
 * The workload needs neither the right nor the tools, and cannot have changed them: the helper's files come fresh from
 * the image.
 */
export function createHelperRunner(
  { engine, workload }: RunnerContext,
  { image, title }: { readonly image: string; readonly title: string },
): NamespaceRunner {
  return {
    title,
    async run(script, call) {
      const undo = createUndoStack()
      const mark = createRequestMark()
      undo.add('firewall helper', (own) => removeMarked(engine, mark, { ...call, ...own }))
      const labels = { ...toObjectLabels({ kind: 'container' }, engine.ownerLabels), ...mark }
      const body = { ...toHelperConfig(image, script), Labels: labels }
      const result = await runHelper(engine, toJoined(body, workload.id), call).catch(async (error: unknown) => {
        throw withUndoFailures(error, await undo.run())
      })
      const [failure] = await undo.run()
      if (failure !== undefined) throw failure
      return result
    },
  }
}

async function runHelper(engine: DockerEngine, config: object, call: EngineCall): Promise<ScriptResult> {
  const { Id } = await engine.sendJson<{ readonly Id: string }>({
    ...call,
    method: 'POST',
    path: '/containers/create',
    body: config,
  })
  const of = { ...call, subject: Id }
  await (await engine.api(of)).getContainer(Id).start()
  const { StatusCode: exitCode, Error: error } = await engine.sendJson<WaitAnswer>({
    ...of,
    method: 'POST',
    path: `/containers/${Id}/wait`,
  })
  if (error?.Message) throw toFailure(call, error.Message)
  const query = { stdout: true, stderr: true }
  const logs = await engine.send({ ...of, method: 'GET', path: `/containers/${Id}/logs`, query })
  return { exitCode, output: await readText(engine, logs, of) }
}

/** Nothing of the image is started but its shell; nothing is allowed but what iptables needs. */
function toHelperConfig(image: string, script: string) {
  return {
    Image: image,
    User: '0:0',
    WorkingDir: '/',
    Tty: true, // one raw stream, in order
    Entrypoint: ['/bin/sh', '-c', script],
    Cmd: [],
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      CapDrop: ['ALL'],
      CapAdd: ['NET_ADMIN', 'NET_RAW'],
      SecurityOpt: ['no-new-privileges'],
      Tmpfs: { '/run': '' }, // for the lock of iptables, also where the image has no such directory
      LogConfig: { Type: 'json-file', Config: {} }, // whatever the engine's default is, this one can be read
    },
  }
}

function toJoined(config: ReturnType<typeof toHelperConfig>, id: string): object {
  return { ...config, HostConfig: { ...config.HostConfig, NetworkMode: `container:${id}` } }
}

async function removeMarked(engine: DockerEngine, mark: Readonly<Record<string, string>>, call: EngineCall) {
  const label = Object.entries(mark).map(([key, value]) => `${key}=${value}`)
  const api = await engine.api(call)
  for (const { Id } of await api.listContainers({ all: true, filters: { label } })) {
    try {
      await api.getContainer(Id).remove({ force: true, v: true })
    } catch (error) {
      if (!isHostError(error, 'CONTAINER_NOT_FOUND')) throw error
    }
  }
}

function toFailure({ operation, subject }: EngineCall, reason: string) {
  return createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason })
}

interface WaitAnswer {
  readonly StatusCode: number
  readonly Error?: { readonly Message?: string } | null
}
