import type { ScriptResult } from '@capstan/egress-firewall'
import type { DockerEngine, EngineCall } from '../../docker-engine.js'
import type { Workload } from './workload.js'

/** A way to run a shell script in the network namespace of a container, with the right to change it. */
export interface NamespaceRunner {
  /** For messages: `a helper container of its own image`. */
  readonly title: string
  /**
   * Resolves with what the script printed, and its exit code. Rejects when it could not be run, or was not done in
   * time; what was made for it is gone in either case, save for a process that does not end.
   */
  run(script: string, call: EngineCall): Promise<ScriptResult>
}

/** What the ways work on. */
export interface RunnerContext {
  readonly engine: DockerEngine
  readonly workload: Workload
}
