import { constants } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { findLeftovers, listEngineObjects } from '../engine/leftovers.mjs'
import { testImages } from '../engine/test-image.mjs'
import { isMain } from '../is-main.mjs'
import { runStep, StepError, showStepError } from '../step.mjs'
import { prepareWorkspace, root } from '../workspace.mjs'
import { runBesideEngine } from './run-beside-engine.mjs'
import { isClusterRunning, listSwarmObjects, startCluster, stopCluster, toClusterNodes } from './set-up-cluster.mjs'
import { toConnection } from './set-up-matrix-engine.mjs'
import { InterruptedError, withEngine } from './with-engine.mjs'

/**
 * `pnpm test:cluster [NAME] [-- FILE…]`: runs the cluster tests, and the cases of the kit about services and jobs, on a cluster of three
 * engines. It is started, and stopped afterwards unless it ran before. An object that the tests leave in it is a failure. Default of
 * NAME: one of its own. With files, only these tests of vitest are run.
 *
 * @param {readonly string[]} args
 */
async function main(args) {
  const dashes = args.indexOf('--')
  const [name = `t${process.pid}`] = dashes === -1 ? args : args.slice(0, dashes)
  const files = dashes === -1 ? [] : args.slice(dashes + 1)
  const nodes = toClusterNodes(name)
  await prepareWorkspace()
  return withEngine({
    wasRunning: isClusterRunning(nodes),
    start: () => runStep(`cluster ${name}: starting`, (say) => startCluster(name, nodes, say)),
    work: async (signal) => {
      const before = await listObjects(nodes)
      const tests = await run(nodes, name, [vitest, 'run', '--project=cluster', ...files], signal)
      const kit = files.length > 0 ? 0 : await run(nodes, name, kitCommand, signal)
      const left = await findLastingLeftovers(before, nodes)
      for (const { kind, name, labels } of left) console.error(`Left behind: ${kind} ${name} ${JSON.stringify(labels)}`)
      return tests || kit || (left.length > 0 ? 1 : 0)
    },
    stop: () => stopCluster(name, nodes, console.log),
  })
}

/**
 * @param {readonly import('./set-up-cluster.mjs').ClusterNode[]} nodes
 * @param {string} name
 * @param {readonly string[]} command of Node
 * @param {AbortSignal} signal
 */
async function run([manager], name, command, signal) {
  if (manager === undefined) return 1
  const env = { CAPSTAN_CLUSTER: name }
  return runBesideEngine(manager.engine, [process.execPath, ...command], { output: 'inherit', signal, env })
}

/**
 * Lists the objects that stay. A node removes the container of a task only after the swarm has removed the task.
 *
 * @param {Awaited<ReturnType<typeof listObjects>>} before
 * @param {readonly import('./set-up-cluster.mjs').ClusterNode[]} nodes
 */
async function findLastingLeftovers(before, nodes) {
  for (let second = 0; ; second += 1) {
    const left = findLeftovers(before, await listObjects(nodes), { isShared: false })
    if (left.length === 0 || second === containerRemovalSeconds) return left
    await delay(1000)
  }
}

/** More than the 10 seconds that a task has to stop by default. */
const containerRemovalSeconds = 20

/**
 * Lists what the swarm stores, and the containers and volumes of each node. Networks of the swarm appear on a node with its tasks,
 * and the engine creates `docker_gwbridge` with the first one.
 *
 * @param {readonly import('./set-up-cluster.mjs').ClusterNode[]} nodes
 */
async function listObjects(nodes) {
  const lists = nodes.map(async ({ engine }, index) => {
    const objects = await listEngineObjects(toConnection(engine.name))
    return objects.filter(({ kind, name }) => kind !== 'network' || (index === 0 && name !== 'docker_gwbridge'))
  })
  return [...(await listSwarmObjects(nodes)), ...(await Promise.all(lists)).flat()]
}

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const kitCommand = [
  join(root, 'packages', 'cli', 'dist', 'bin.js'),
  ...['conformance', '--only', 'SVC,JOB'],
  ...['--plugin', join(root, 'packages', 'conformance', 'test', 'fixtures', 'docker-plugin.mjs')],
  ...['--image', testImages.busybox],
]

if (isMain(import.meta.url)) {
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    const isAnswered = error instanceof EngineSetUpError || error instanceof InterruptedError
    process.exitCode = error instanceof InterruptedError ? 128 + constants.signals[error.signal] : 1
    showStepError(isAnswered ? new StepError(error.message) : error)
  }
}
