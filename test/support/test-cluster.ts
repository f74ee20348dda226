import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { toMatrixFiles } from '../../tools/engines/matrix-files.mjs'
import { toClusterNodes } from '../../tools/engines/set-up-cluster.mjs'

/** A cluster of three engines, which `pnpm test:cluster` starts. The tests of one run have it for themselves. */
export interface TestCluster {
  /** The URLs of the engines; that of the manager comes first. */
  readonly endpoints: readonly [string, string, string]
  readonly hostnames: readonly [string, string, string]
  /** A busybox with all its commands, which each node has. */
  readonly image: string
  /** Kills all processes of the node with this number, from 1. */
  kill(node: 2 | 3): Promise<void>
  /** Starts killed nodes again, as new nodes. */
  revive(): Promise<void>
}

/**
 * Returns the cluster of CAPSTAN_CLUSTER.
 *
 * @throws Error without it
 */
export function findTestCluster(): TestCluster {
  const name = process.env.CAPSTAN_CLUSTER
  if (name === undefined) throw new Error('run these tests by: pnpm test:cluster')
  const [one = '', two = '', three = ''] = toClusterNodes(name).map(({ engine }) => engine.name)
  const toEndpoint = (node: string) => `unix://${toMatrixFiles(node).socket}`
  const run = async (...args: readonly string[]) => void (await promisify(execFile)(process.execPath, [tool, ...args]))
  return {
    endpoints: [toEndpoint(one), toEndpoint(two), toEndpoint(three)],
    hostnames: [one, two, three],
    image: 'capstan-test/busybox:1',
    kill: (node) => run('kill', name, String(node)),
    revive: () => run('up', name),
  }
}

const tool = fileURLToPath(new URL('../../tools/engines/cluster.mjs', import.meta.url))
