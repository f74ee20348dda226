import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { requestEngine } from '../engine/engine-request.mjs'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { findProcess, isRunning } from '../engine/process-identity.mjs'
import { findMatrixEngines } from './engine-matrix.mjs'
import { findMatrixState } from './matrix-files.mjs'
import { killMatrixEngines, startMatrixEngines, toConnection } from './set-up-matrix-engine.mjs'

/**
 * A cluster for tests: engines on this machine that form one swarm, the first of them its manager. Each has namespaces and a host
 * name of its own. They are connected by a bridge in another network namespace, so the addresses of two clusters do not collide.
 *
 * @typedef {object} ClusterNode
 * @property {import('./engine-matrix.mjs').MatrixEngine} engine
 * @property {string} address by which the other nodes reach it
 */

/**
 * Returns the nodes of a cluster.
 *
 * @param {string} name of the cluster
 * @param {string} [engineName] an engine of the matrix; default: the newest Docker
 * @returns {readonly ClusterNode[]}
 * @throws {EngineSetUpError} for an invalid name and an engine that is no Docker
 */
export function toClusterNodes(name, engineName = newestDocker) {
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(name))
    throw new EngineSetUpError(`"${name}" is no name of a cluster, such as "c1"`)
  const engines = findMatrixEngines([engineName])
  if (typeof engines === 'string') throw new EngineSetUpError(engines)
  const [engine] = engines
  if (engine?.product !== 'docker') throw new EngineSetUpError(`${engineName} has no swarm`)
  return [1, 2, 3].map((number) => {
    const node = `${name}-node-${number}`
    return { engine: { ...engine, name: node, hostname: node }, address: `10.98.0.${number}` }
  })
}

/**
 * Resolves when all nodes of a cluster are ready. Nodes that do not run are started, and join as new nodes; those that the swarm has lost
 * are removed from it.
 *
 * @param {string} name
 * @param {readonly ClusterNode[]} nodes
 * @param {(line: string) => void} say
 * @returns {Promise<string>} the version of the engines
 * @throws {EngineSetUpError}
 */
export async function startCluster(name, nodes, say) {
  const hub = findHub(name) ?? (await startHub(name))
  const [version = ''] = await startMatrixEngines(
    nodes.map(({ engine }) => engine),
    say,
  )
  for (const [index, { engine, address }] of nodes.entries()) {
    const state = findMatrixState(engine.name)
    if (state === undefined) throw new EngineSetUpError(`${engine.name} has ended`)
    connect({ hub: hub.pid, node: state.init.pid, port: `node${index + 1}`, address })
  }
  await formSwarm(nodes)
  return version
}

/**
 * Kills the processes of a node, also those in its containers, as when its machine loses power.
 *
 * @param {ClusterNode} node
 * @param {(line: string) => void} say
 */
export async function killNode({ engine }, say) {
  if (!(await killMatrixEngines([engine.name], say))) throw new EngineSetUpError(`${engine.name} is not running`)
}

/**
 * Kills all nodes, and removes their data and the bridge.
 *
 * @param {string} name
 * @param {readonly ClusterNode[]} nodes
 * @param {(line: string) => void} say
 * @returns {Promise<boolean>} false when none of them ran
 */
export async function stopCluster(name, nodes, say) {
  const names = nodes.map(({ engine }) => engine.name)
  const stopped = await killMatrixEngines(names, say)
  const hub = findHub(name)
  if (hub !== undefined) process.kill(hub.pid, 'SIGKILL')
  rmSync(toHubFile(name), { force: true })
  try {
    rmdirSync(dirname(toHubFile(name)))
  } catch {
    // Another cluster runs, or none was ever started.
  }
  return stopped
}

/**
 * Whether all nodes run.
 *
 * @param {readonly ClusterNode[]} nodes
 */
export function isClusterRunning(nodes) {
  return nodes.every(({ engine }) => findMatrixState(engine.name) !== undefined)
}

/**
 * Lists the services, secrets and configs of a cluster.
 *
 * @param {readonly ClusterNode[]} nodes
 * @returns {Promise<readonly import('../engine/leftovers.mjs').EngineObject[]>}
 */
export async function listSwarmObjects([manager]) {
  if (manager === undefined) return []
  const kinds = /** @type {const} */ ([
    ['service', '/services'],
    ['secret', '/secrets'],
    ['config', '/configs'],
  ])
  const lists = await Promise.all(
    kinds.map(async ([kind, path]) => {
      /** @type {readonly { readonly ID: string, readonly Spec: { readonly Name: string, readonly Labels?: Record<string, string> } }[]} */
      const found = await request(manager, path)
      return found.map(({ ID, Spec }) => ({ kind, id: ID, name: Spec.Name, labels: Spec.Labels ?? {} }))
    }),
  )
  return lists.flat()
}

/**
 * Starts the process that keeps the network namespace of the bridge.
 *
 * @param {string} name
 */
async function startHub(name) {
  const script = `
ip link add cluster0 type bridge
ip link set cluster0 up
exec sleep 2147483647`
  const child = spawn('unshare', ['--net', 'sh', '-euc', script], {
    ...{ detached: true, cwd: '/', stdio: 'ignore' },
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  })
  await once(child, 'spawn')
  child.unref()
  const hub = findProcess(child.pid ?? 0)
  if (hub === undefined) throw new EngineSetUpError('the process that keeps the bridge of the cluster ended at once')
  mkdirSync(dirname(toHubFile(name)), { recursive: true, mode: 0o711 })
  writeFileSync(toHubFile(name), JSON.stringify(hub))
  for (const end = Date.now() + bridgeMs; Date.now() < end; await delay(20)) {
    if (runIn(hub.pid, ['ip', 'link', 'show', 'cluster0']).status === 0) return hub
  }
  throw new EngineSetUpError('this kernel adds no bridge')
}

/**
 * @param {string} name
 * @returns {import('../engine/process-identity.mjs').ProcessIdentity | undefined}
 */
function findHub(name) {
  try {
    const hub = JSON.parse(readFileSync(toHubFile(name), 'utf8'))
    return isRunning(hub) ? hub : undefined
  } catch {
    return undefined
  }
}

/** @param {string} name */
function toHubFile(name) {
  return join('/run/capstan-clusters', `${name}.json`)
}

/**
 * Connects the network namespace of a node to the bridge, unless that has been done.
 *
 * @param {{ readonly hub: number, readonly node: number, readonly port: string, readonly address: string }} options
 */
function connect({ hub, node, port, address }) {
  if (runIn(node, ['ip', 'link', 'show', 'cluster0']).status === 0) return
  // The port of a node that has ended goes with its namespace, which the kernel removes a little later.
  runIn(hub, ['ip', 'link', 'del', port])
  const commands = /** @type {const} */ ([
    [hub, ['ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'cluster0', 'netns', String(node)]],
    [hub, ['ip', 'link', 'set', port, 'master', 'cluster0', 'up']],
    [node, ['ip', 'addr', 'add', `${address}/24`, 'dev', 'cluster0']],
    [node, ['ip', 'link', 'set', 'cluster0', 'up']],
  ])
  for (const [pid, command] of commands) {
    const { status, stderr } = runIn(pid, command)
    if (status !== 0) throw new EngineSetUpError(`${command.join(' ')} failed: ${stderr.toString().trim()}`)
  }
}

/**
 * Runs a command of the machine in the network namespace of a process.
 *
 * @param {number} pid
 * @param {readonly string[]} command
 */
function runIn(pid, command) {
  return spawnSync('nsenter', ['--target', String(pid), '--net', '--', ...command])
}

/**
 * Forms one swarm of all nodes, and waits until they are ready.
 *
 * @param {readonly ClusterNode[]} nodes
 */
async function formSwarm(nodes) {
  const [manager, ...workers] = nodes
  if (manager === undefined) return
  if (!(await isMember(manager))) {
    for (const worker of workers) if (await isMember(worker)) await request(worker, '/swarm/leave?force=1', 'POST')
    await request(manager, '/swarm/init', 'POST', {
      ListenAddr: `${manager.address}:2377`,
      AdvertiseAddr: manager.address,
      Spec: { Dispatcher: { HeartbeatPeriod: heartbeatMs * 1e6 } },
    })
  }
  const { JoinTokens: tokens } = await request(manager, '/swarm')
  const joining = workers.map(async (worker) => {
    if (await isMember(worker)) return
    await request(worker, '/swarm/join', 'POST', {
      ListenAddr: `${worker.address}:2377`,
      AdvertiseAddr: worker.address,
      RemoteAddrs: [`${manager.address}:2377`],
      JoinToken: tokens.Worker,
    })
  })
  await Promise.all(joining)
  await waitUntilReady(manager, nodes)
}

/**
 * @param {ClusterNode} manager
 * @param {readonly ClusterNode[]} nodes
 */
async function waitUntilReady(manager, nodes) {
  const ids = await Promise.all(nodes.map(async (node) => (await request(node, '/info')).Swarm.NodeID))
  for (const end = Date.now() + readyMs; Date.now() < end; await delay(100)) {
    /** @type {readonly { readonly ID: string, readonly Status: { readonly State: string } }[]} */
    const listed = await request(manager, '/nodes')
    for (const { ID } of listed.filter(({ ID }) => !ids.includes(ID))) {
      await request(manager, `/nodes/${ID}?force=1`, 'DELETE')
    }
    if (ids.every((id) => listed.some(({ ID, Status }) => ID === id && Status.State === 'ready'))) return
  }
  throw new EngineSetUpError(`the nodes of the cluster were not ready within ${readyMs / 1000} s`)
}

/** @param {ClusterNode} node */
async function isMember(node) {
  const { Swarm } = await request(node, '/info')
  return Swarm.LocalNodeState !== 'inactive'
}

/**
 * @param {ClusterNode} node
 * @param {string} path
 * @param {'GET' | 'POST' | 'DELETE'} [method]
 * @param {object} [content]
 * @returns {Promise<any>}
 */
async function request({ engine }, path, method = 'GET', content) {
  const body = content && Buffer.from(JSON.stringify(content))
  const answer = await requestEngine(toConnection(engine.name), path, { method, ...(body && { body }) })
  if (answer.status >= 400)
    throw new EngineSetUpError(`${engine.name}: ${method} ${path} failed: ${answer.body.trim()}`)
  return answer.body.trim() === '' ? undefined : JSON.parse(answer.body)
}

const newestDocker = '28'
const bridgeMs = 10_000
const readyMs = 60_000
/** A node is down after three heartbeats. Docker's default is 5 s. */
const heartbeatMs = 2000
