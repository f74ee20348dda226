import type { ScriptResult } from '@capstan/egress-firewall'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import type { FirewalledContainer } from './firewalled-container.js'

/** Runs shell scripts in the network namespace of a container, with the right to change it. */
export interface NamespaceRunner {
  /** For messages: `a helper container of its own image`. */
  readonly title: string
  /**
   * Resolves with the output and the exit code. Rejects when the script could not be run, or did not end in time. What
   * was created for it is removed in both cases, except for a process that does not end.
   */
  run(script: string, call: EngineCall): Promise<ScriptResult>
}

/** The parameters of all runners. */
export interface RunnerContext {
  readonly engine: DockerEngine
  readonly container: FirewalledContainer
}
