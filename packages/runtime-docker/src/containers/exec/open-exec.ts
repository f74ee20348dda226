import { randomUUID } from 'node:crypto'
import { type ExecOptions, execManagerCapability } from '@capstan/core'
import { type Argv, checkOption, validateExec } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { toEnvironmentLine } from '../create-body.js'
import { validateContainerId } from '../inspection/inspect-container.js'
import { withState } from '../inspection/not-running.js'
import { DockerExecProcess } from './docker-exec-process.js'
import { canReadContainerPid } from './kill-exec.js'

/** Starts an additional process in a running container and resolves when it is attached. */
export async function openExec(
  engine: DockerEngine,
  id: string,
  command: Argv,
  options: ExecOptions = {},
): Promise<DockerExecProcess> {
  validateContainerId(id)
  validateExec(command, options)
  const removed = Object.entries(options.env ?? {}).find(([, value]) => value === null)
  const refused = { runtime: engine.runtimeName, unsupportedOptions: engine.details.unsupportedOptions }
  checkOption(execManagerCapability, 'exec.env.unset', removed?.[0], refused)
  const { tty: isTerminal = false, stdin: hasStdin = true } = options
  const { signal, end } = engine.operations.begin(options.signal)
  const call: EngineCall = {
    operation: 'exec',
    subject: id,
    signal,
    hasCallerSignal: options.signal !== undefined,
    command,
  }
  const marker = canReadContainerPid(engine) ? undefined : `${markerName}=${randomUUID()}`
  try {
    const api = await engine.api(call)
    const { id: execId } = await api.getContainer(id).exec(toExecBody(command, { ...options, marker }))
    const connection = await engine.upgrade({
      ...call,
      method: 'POST',
      path: `/exec/${execId}/start`,
      body: { Detach: false, Tty: isTerminal },
    })
    const settings = { execId, containerId: id, isTerminal, hasStdin, marker, call, onEnd: end }
    return new DockerExecProcess(engine, connection, settings)
  } catch (error) {
    const failure = await withState(engine, error, call)
    end()
    throw failure
  }
}

function toExecBody(command: Argv, options: ExecOptions & { readonly marker: string | undefined }): object {
  const { env = {}, user, workingDirectory, tty = false, stdin = true, privileged = false, marker } = options
  const lines = Object.entries(env).map(toEnvironmentLine)
  const Env = marker === undefined ? lines : [...lines, marker]
  return {
    // The input of a terminal cannot be closed, so end-of-transmission is sent when there is no input.
    AttachStdin: stdin || tty,
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty,
    Cmd: command,
    Privileged: privileged,
    DetachKeys: noDetachKeys,
    ...(Env.length === 0 ? {} : { Env }),
    User: user,
    WorkingDir: workingDirectory,
  }
}

/** The engine detaches when it reads these keys, which cannot be turned off. No user types this sequence. */
const noDetachKeys = Array.from({ length: 8 }, () => 'ctrl-^,ctrl-_').join(',')
const markerName = 'CAPSTAN_EXEC'
