import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { isMain } from '../is-main.mjs'
import { runTool } from '../run-tool.mjs'
import { findMatrixState, toMatrixFiles } from './matrix-files.mjs'
import { runBesideEngine } from './run-beside-engine.mjs'
import { killNode, startCluster, stopCluster, toClusterNodes } from './set-up-cluster.mjs'
import { readVersion } from './set-up-matrix-engine.mjs'

/** `up NAME [ENGINE]`: also brings back the nodes of a running cluster that were killed. */
async function up() {
  const { name, nodes } = readCluster()
  const version = await startCluster(name, nodes, console.log)
  console.log(
    `Cluster ${name} of ${nodes.length} nodes (${version}) is ready; its manager answers at ${toSocket(nodes[0])}`,
  )
  console.log(`Run a command beside its manager with: node tools/engines/cluster.mjs exec ${name} -- COMMAND`)
  return 0
}

/** `down NAME` */
async function down() {
  const { name, nodes } = readCluster()
  const stopped = await stopCluster(name, nodes, console.log)
  console.log(stopped ? `Cluster ${name} is stopped` : `Cluster ${name} was not running`)
  return 0
}

/** `status NAME`: exits with 1 when a node does not answer. */
async function status() {
  const { nodes } = readCluster()
  const versions = await Promise.all(
    nodes.map(({ engine }) => findMatrixState(engine.name) && readVersion(engine.name)),
  )
  for (const [index, node] of nodes.entries()) {
    const version = versions[index]
    console.log(
      `${node.engine.name}: ${version === undefined ? 'not running' : `${version} answers at ${toSocket(node)}`}`,
    )
  }
  return versions.includes(undefined) ? 1 : 0
}

/** `kill NAME NUMBER`: kills the processes of a node. `up` starts it as a new node. */
async function kill() {
  const { nodes } = readCluster()
  const number = Number(process.argv[4])
  const node = nodes[number - 1]
  if (node === undefined) throw new EngineSetUpError(`kill needs: NAME NUMBER, with a number from 1 to ${nodes.length}`)
  await killNode(node, console.log)
  console.log(`${node.engine.name} was killed`)
  return 0
}

/**
 * `exec NAME -- COMMAND`: runs a command in the network namespace of the manager, with DOCKER_HOST set and the name of the
 * cluster in CAPSTAN_CLUSTER, and exits with its status.
 */
async function exec() {
  const { name, nodes } = readCluster()
  const [dashes, program, ...args] = process.argv.slice(4)
  if (dashes !== '--' || program === undefined || nodes[0] === undefined) {
    throw new EngineSetUpError('exec needs: NAME -- COMMAND')
  }
  const termination = new AbortController()
  // A terminal sends SIGINT to the command as well.
  process.on('SIGINT', () => {}).on('SIGTERM', () => termination.abort())
  const options = {
    output: /** @type {const} */ ('inherit'),
    signal: termination.signal,
    env: { CAPSTAN_CLUSTER: name },
  }
  return runBesideEngine(nodes[0].engine, [program, ...args], options)
}

function readCluster() {
  const [name = '', engineName] = process.argv.slice(3)
  const isEngine = process.argv[2] === 'up' && engineName !== undefined
  return { name, nodes: toClusterNodes(name, isEngine ? engineName : undefined) }
}

/** @param {import('./set-up-cluster.mjs').ClusterNode} [node] */
function toSocket(node) {
  return toMatrixFiles(node?.engine.name ?? '').socket
}

if (isMain(import.meta.url))
  await runTool('tools/engines/cluster.mjs', { up, down, status, kill, exec }, EngineSetUpError)
