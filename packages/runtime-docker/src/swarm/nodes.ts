import type { NodeInfo } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import type { SwarmNode } from './swarm-answers.js'

/** Lists nodes in the format of the engine. */
export function listSwarmNodes(engine: DockerEngine, call: EngineCall): Promise<readonly SwarmNode[]> {
  return engine.sendJson<readonly SwarmNode[]>({ ...call, method: 'GET', path: '/nodes' })
}

/** Converts a node to the format of the contract. */
export function toNodeInfo({ ID: id, Spec = {}, Description = {}, Status = {}, ManagerStatus }: SwarmNode): NodeInfo {
  const { Role, Availability, Labels } = Spec
  const { Hostname = '', Resources = {}, Engine = {} } = Description
  const { State, Addr } = Status
  return {
    id,
    hostname: Hostname,
    state: State === 'ready' || State === 'down' ? State : 'unknown',
    availability: Availability === 'pause' || Availability === 'drain' ? Availability : 'active',
    role: Role === 'manager' ? 'manager' : 'worker',
    isLeader: ManagerStatus?.Leader ?? false,
    address: Addr || undefined,
    engineVersion: Engine.EngineVersion ?? 'unknown',
    labels: Labels ?? {},
    cpus: (Resources.NanoCPUs ?? 0) / 1e9,
    memoryBytes: Resources.MemoryBytes ?? 0,
  }
}
