import { randomUUID } from 'node:crypto'
import type { JobConfig, JobManager, JobResult, RunJobOptions } from '@capstan/core'
import { validateJobConfig } from '@capstan/core/plugin'
import type { DockerEngine } from './engine/docker-engine.js'
import { type JobRunner, runJob } from './swarm/run-job.js'
import { checkTaskMounts } from './swarm/task-template.js'
import { TaskWatch } from './swarm/task-watch.js'

/** Jobs on the nodes of a swarm, of which the engine is a manager. */
export class DockerJobManager implements JobManager {
  readonly #runner: JobRunner

  constructor(engine: DockerEngine) {
    const id = randomUUID()
    const watch = new TaskWatch(engine, `${managerKey}=${id}`)
    this.#runner = { engine, watch, watchLabels: { [managerKey]: id } }
  }

  async runJob(config: JobConfig, options: RunJobOptions = {}): Promise<JobResult> {
    validateJobConfig(config)
    const { engine } = this.#runner
    checkTaskMounts(engine, config)
    return await engine.run('runJob', config.image, options, (call) => runJob(this.#runner, config, options, call))
  }
}

/** The label with an id of the manager, which all its jobs have. */
const managerKey = 'capstan.job-manager'
