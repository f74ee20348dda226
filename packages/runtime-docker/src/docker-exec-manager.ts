import type { ExecManager, ExecOptions, ExecProcess } from '@capstan/core'
import type { Argv } from '@capstan/core/plugin'
import { openExec } from './containers/exec/open-exec.js'
import type { DockerEngine } from './engine/docker-engine.js'

/** Additional processes in containers on a Docker Engine. */
export class DockerExecManager implements ExecManager {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  exec(id: string, command: Argv, options?: ExecOptions): Promise<ExecProcess> {
    return openExec(this.#engine, id, command, options)
  }
}
