import { randomUUID } from 'node:crypto'
import type { JobConfig, JobManager, JobResult, RunJobOptions } from '@capstan/core'
import { validateJobConfig } from '@capstan/core/plugin'
import type { DockerEngine } from './engine/docker-engine.js'
import { type JobRunner, runJob } from './swarm/run-job.js'
import { checkTaskMounts } from './swarm/task-template.js'
import { TaskWatch } from './swarm/task-watch.js'

/** Runs jobs on the nodes of a swarm, of which the engine is a manager. */
export class DockerJobManager implements JobManager {
  readonly #runner: JobRunner

  constructor(engine: DockerEngine) {
    const id = randomUUID()
    const watch = new TaskWatch(engine, `${managerKey}=${id}`)
    this.#runner = { engine, watch, watchLabels: { [managerKey]: id } }
  }

  async runJob(config: JobConfig, options: RunJobOptions = {}): Promise<JobResult> {
    validateJobConfig(config, options)
    const { engine } = this.#runner
    checkTaskMounts(engine, config)
    return await engine.run('runJob', config.image, options, (call) => runJob(this.#runner, config, options, call))
  }
}

/** The label of all jobs of a `DockerJobManager`. Its value is an id of that object. */
const managerKey = 'capstan.job-manager'
