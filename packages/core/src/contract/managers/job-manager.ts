import { type Capability, defineCapability } from '../capability.js'
import type { AttachOptions } from '../container/attach.js'
import type { ContainerConfig, CreateOptions, Mount } from '../container/container-config.js'
import type { StringMap } from '../operation.js'

/** Runs jobs: commands that run to their end in containers of their own, on the engine or on a node of its cluster. */
export interface JobManager {
  /**
   * Runs a job to its end and removes it. Resolves with its exit code when all output has been written and the job is
   * removed. Pulls the image where it is missing. On a cluster, the node of the job removes its container a moment later.
   *
   * Runs the job once: it is not started again, whatever its exit code. After a failure and an abort the job is removed; if that
   * fails, the error has it in `undoFailures`. Disposing the scope of the runtime removes running jobs, which reject with
   * RUNTIME_UNAVAILABLE.
   *
   * On a cluster the job waits while no node is suitable or all are busy; limit that by `signal`.
   *
   * @throws HostError IMAGE_NOT_FOUND, IMAGE_PULL_FAILED. NETWORK_NOT_FOUND. COMMAND_NOT_STARTED as `startContainer`.
   * EXIT_CODE_UNKNOWN when the exit code cannot be determined, for example because the node was lost while the job ran; the job
   * may have ended or may still run there.
   */
  runJob(config: JobConfig, options?: RunJobOptions): Promise<JobResult>
}

/** The options that only jobs have. The other fields of `JobConfig` have the options of `ContainerConfig`. */
const options = {
  'job-manager.constraints': 'conditions for the node of a job',
  'job-manager.secrets': 'secrets of the cluster in a job',
  'job-manager.configs': 'configs of the cluster in a job',
} as const

/** The capability of running jobs. */
export const jobManagerCapability: Capability<JobManager, keyof typeof options> = defineCapability({
  id: 'job-manager',
  title: 'jobs',
  options,
})

/** The settings of a job. Default of a field that states none: the value of the image, else of the engine. */
export interface JobConfig
  extends Pick<
    ContainerConfig,
    'image' | 'command' | 'entrypoint' | 'user' | 'workingDirectory' | 'memoryBytes' | 'cpus' | 'labels'
  > {
  /** Variables to add to the image's, or to replace. */
  readonly env?: StringMap
  /** Mounts; each target may occur once. On a cluster, sources are those of the node on which the job runs. */
  readonly mounts?: readonly Mount[]
  /** The networks to join, by id or name. Default: the engine's default network. */
  readonly networks?: readonly string[]
  /**
   * Conditions that a node must meet, all of them: `node.labels.gpu==yes`, `node.hostname!=a`. Option `job-manager.constraints`.
   * Default: none.
   */
  readonly constraints?: readonly string[]
  /** Secrets of the cluster, as files. Option `job-manager.secrets`. Default: none. */
  readonly secrets?: readonly JobSecret[]
  /** Configs of the cluster, as files. Option `job-manager.configs`. Default: none. */
  readonly configs?: readonly JobSettingsFile[]
}

/** A secret of the cluster as a file of a job or service. */
export interface JobSecret {
  /** The id or the name of the secret. */
  readonly secretId: string
  /** The absolute path of the file in the container, such as `/run/secrets/token`. Each target may occur once. */
  readonly target: string
}

/** A config of the cluster as a file of a job or service. */
export interface JobSettingsFile {
  /** The id or the name of the config. */
  readonly configId: string
  /** The absolute path of the file in the container, such as `/etc/app.conf`. Each target may occur once. */
  readonly target: string
}

/** Options of `runJob`. Capstan never closes the streams. The job reads end-of-file from its stdin. */
export interface RunJobOptions extends Pick<AttachOptions, 'stdout' | 'stderr' | 'signal'> {
  /**
   * Called with the progress of a pull, and on a cluster with each state of the task: `id` is that of the task, and `status` its
   * state with the reason, such as why no node is suitable.
   */
  readonly onProgress?: CreateOptions['onProgress']
}

/** The end of a job. An exit code other than 0 is a result and not an error. */
export interface JobResult {
  readonly exitCode: number
  /** The id of the node on which the job ran. `undefined` where the engine is not a cluster. */
  readonly nodeId: string | undefined
  /** The id of the task; where the engine is not a cluster, that of the container. Both are removed. */
  readonly taskId: string
}
