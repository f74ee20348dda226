import { readFile } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { isHostError } from '@capstan/core'
import { type Argv, poll } from '@capstan/core/plugin'
import type { InspectedExec } from '../../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import type { ExecProcessOptions } from './docker-exec-process.js'
import { readExitCode } from './exec-exit-code.js'

/**
 * Sends a signal to a process that exec has started. Resolves with false when it has exited or is not found.
 *
 * Engines have no request for this, and report the process id in the engine's PID namespace. If the engine runs on this
 * machine, the id in the container is read from `/proc/PID/status`. Otherwise a script in the container finds the
 * process by the variable CAPSTAN_EXEC. A second exec sends the signal.
 */
export async function killExec(engine: DockerEngine, target: KillTarget, call: EngineCall): Promise<boolean> {
  // The format that every `kill` accepts.
  const name = target.signal.replace(/^SIG/, '')
  const { Running, Pid = 0, ContainerID = '' } = await inspectStarted(engine, target.execId, call)
  if (Running !== true) return false
  const inner = target.marker === undefined ? await readContainerPid(Pid, ContainerID) : undefined
  for (const command of toCommands(name, inner, target.marker)) {
    if ((await runToEnd(engine, command, { ...call, subject: target.containerId })) === 0) return true
  }
  return false
}

export interface KillTarget extends ExecProcessOptions {
  readonly signal: string
}

/** Whether the container runs on the kernel of this machine, so that `/proc` has the process. */
export function canReadContainerPid({ details }: Pick<DockerEngine, 'details'>): boolean {
  return details.facts.location === 'this-machine' && process.platform === 'linux'
}

/** Waits for the process id, since the engine hijacks the connection shortly before the process exists. */
async function inspectStarted(engine: DockerEngine, execId: string, call: EngineCall): Promise<InspectedExec> {
  const api = await engine.api(call)
  let exec: InspectedExec = {}
  const look = async () => {
    exec = await api.getExec(execId).inspect()
    return typeof exec.ExitCode === 'number' || (exec.Running && exec.Pid) ? exec : undefined
  }
  return (await poll(look, { limitMs: engine.timeouts.execStartMs, signal: call.signal })) ?? exec
}

/** Runs an attached command as root and resolves with its exit code. Some engines never record that of a detached one. */
async function runToEnd(engine: DockerEngine, command: Argv, call: EngineCall): Promise<number> {
  const api = await engine.api(call)
  const { id: execId } = await api.getContainer(call.subject).exec({ Cmd: command, User: '0', AttachStdout: true })
  const body = { Detach: false, Tty: false }
  try {
    const { socket } = await engine.upgrade({ ...call, method: 'POST', path: `/exec/${execId}/start`, body })
    await finished(socket.resume(), { writable: false }).catch((cause) => Promise.reject(engine.translate(cause, call)))
    socket.destroy()
  } catch (error) {
    if (!isHostError(error, 'COMMAND_NOT_STARTED')) throw error // the exit code has the same information
  }
  return readExitCode(engine, { execId, call })
}

/**
 * Reads the process id in the container, if the control group of the process has the container's id, since this process
 * may have another PID namespace than the engine.
 */
async function readContainerPid(pid: number, containerId: string): Promise<number | undefined> {
  if (pid <= 0 || containerId === '') return undefined
  const [status, cgroup] = await Promise.all(
    ['status', 'cgroup'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
  )
  if (!cgroup?.includes(containerId)) return undefined
  const inner = /^NSpid:.*\s(\d+)$/m.exec(status ?? '')?.[1]
  return inner === undefined ? undefined : Number(inner)
}

/** The commands to try: an image may have `kill` as a program, in a shell, or not at all. */
function toCommands(name: string, pid: number | undefined, marker: string | undefined): readonly Argv[] {
  if (pid !== undefined)
    return [
      ['kill', `-${name}`, String(pid)],
      ['sh', '-c', `kill -${name} ${pid}`],
    ]
  return marker === undefined ? [] : [['sh', '-c', findAndKill, 'sh', name, marker]]
}

/**
 * The parent of an exec process is outside of the container, with the id 0. This excludes its children, which have the
 * marker too.
 */
const findAndKill = `
for directory in /proc/[0-9]*; do
  grep -q "^PPid:[[:space:]]*0$" "$directory/status" 2>/dev/null || continue
  tr '\\0' '\\n' <"$directory/environ" 2>/dev/null | grep -qxF "$2" || continue
  kill "-$1" "\${directory#/proc/}" && exit 0
done
exit 1`
