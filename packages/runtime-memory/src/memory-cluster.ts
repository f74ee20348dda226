import type { StringMap } from '@capstan/core/plugin'

/** The simulated cluster of {@link MemoryPluginOptions.cluster}. */
export interface MemoryClusterOptions {
  /**
   * The number of nodes, or their settings. They are named `node-1`, `node-2` and so on. The first one is the manager: its
   * containers are those of the runtime.
   */
  readonly nodes: number | readonly MemoryNodeOptions[]
  /** How long a task must run until it counts as started, unless its service says so, in milliseconds. Default 100. */
  readonly monitorMs?: number
}

/** The settings of a simulated node. */
export interface MemoryNodeOptions {
  /** The labels that constraints such as `node.labels.disk==ssd` read. Default: none. */
  readonly labels?: StringMap
}

/** Controls the nodes of a simulated cluster in a test. A node is given by its name, such as `node-2`, or its id. */
export interface MemoryCluster {
  /** Moves the tasks of a node to other nodes, and gives it no others. Resolves when its tasks have ended. */
  drain(node: string): Promise<void>
  /** Lets a node get tasks: after `drain`, and as a node that is started again after `kill`. */
  activate(node: string): Promise<void>
  /**
   * Ends a node without warning: the cluster loses its tasks and their output, and starts them on other nodes. Resolves when its
   * processes have ended.
   *
   * @throws HostError INVALID_ARGUMENT for the manager, by which the runtime reaches the cluster
   */
  kill(node: string): Promise<void>
}
