import type { ContainerProcess } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toContainerState } from './inspection/convert-container.js'
import { inspectContainer } from './inspection/inspect-container.js'

/** Lists the processes of a running container. Podman answers with an empty body for one that does not run. */
export async function listProcesses(engine: DockerEngine, call: EngineCall): Promise<readonly ContainerProcess[]> {
  const { State } = await inspectContainer(engine, call)
  const state = toContainerState(State?.Status)
  if (state !== 'running') throw createHostError('NOT_RUNNING', { id: call.subject, state })
  // Podman has names of columns of its own. With options of `ps`, it runs that of the image.
  const ps_args = engine.details.quirks.listsProcessesByColumns ? columns : `-o ${columns}`
  const path = `/containers/${call.subject}/top`
  const answer = await engine.sendJson<TopAnswer>({ ...call, method: 'GET', path, query: { ps_args } })
  return (answer?.Processes ?? []).map(([pid, parentPid, user = '', ...command]) => ({
    pid: Number(pid),
    parentPid: Number(parentPid),
    user,
    command: command.join(' '),
  }))
}

type TopAnswer = { readonly Processes?: readonly (readonly string[])[] | null } | undefined

const columns = 'pid,ppid,user,args'
