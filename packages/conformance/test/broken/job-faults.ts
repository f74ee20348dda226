import { Writable } from 'node:stream'
import { isHostError, type JobManager, type Runtime } from '@capstan/core'
import { breakPlugin } from './break-plugin.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Faults of jobs. */
export const jobFaults: readonly FaultyPlugin[] = [
  jobFault('runJob writes stderr to stdout', 'JOB-001', (jobs) => ({
    runJob: (config, options) =>
      jobs.runJob(config, options?.stdout === undefined ? options : { ...options, stderr: options.stdout }),
  })),
  jobFault('runJob resolves before the stream of the caller has the output', 'JOB-002', (jobs) => ({
    runJob: (config, { stdout, ...options } = {}) => {
      if (stdout === undefined) return jobs.runJob(config, options)
      const early = new Writable({
        write(chunk: Uint8Array, _encoding, done) {
          done()
          setTimeout(() => stdout.write(chunk), 200)
        },
      })
      return jobs.runJob(config, { ...options, stdout: early })
    },
  })),
  jobFault('runJob ignores variables', 'JOB-003', (jobs) => ({
    runJob: ({ env, ...config }, options) =>
      jobs.runJob(
        env !== undefined && Object.values(env).includes('a=b c') ? config : { ...config, ...(env && { env }) },
        options,
      ),
  })),
  jobFault('runJob resolves with the exit code of another job', 'JOB-004', (jobs) => {
    let running = 0
    return {
      runJob: async (config, options) => {
        running += 1
        const isAlone = running === 1
        const result = await jobs.runJob(config, options).finally(() => {
          running -= 1
        })
        return isAlone ? result : { ...result, exitCode: 0 }
      },
    }
  }),
  jobFault('the container of an aborted job remains', 'JOB-005', (jobs, runtime) => ({
    runJob: async (config, options) => {
      const result = await jobs.runJob(config, options).catch((error: unknown) => ({ error }))
      if (!('error' in result)) return result
      const { image, command } = config
      if (options?.signal?.aborted) await runtime.createContainer({ image, ...(command && { command }) })
      throw result.error
    },
  })),
  jobFault('an aborted job without an output stream leaves a container', 'JOB-006', (jobs, runtime) => ({
    runJob: async (config, options) => {
      if (options?.stdout !== undefined) return await jobs.runJob(config, options)
      const { signal } = options ?? {}
      const result = await jobs.runJob(config, options).catch((error: unknown) => ({ error }))
      // The simulation can be faster than the aborts of the case.
      if (!('error' in result)) await new Promise((resolve) => setTimeout(resolve, 200))
      if (signal?.aborted) {
        const { image, command } = config
        await runtime.createContainer({ image, ...(command && { command }) })
        throw signal.reason
      }
      if ('error' in result) throw result.error
      return result
    },
  })),
  jobFault('runJob reports a missing image by an exit code', 'JOB-007', (jobs) => ({
    runJob: (config, options) =>
      jobs.runJob(config, options).catch((error: unknown) => {
        if (!isHostError(error, 'IMAGE_PULL_FAILED')) throw error
        return { exitCode: 125, nodeId: undefined, taskId: 'none' }
      }),
  })),
  jobFault('runJob reports a missing command by an exit code', 'JOB-008', (jobs) => ({
    runJob: (config, options) =>
      jobs.runJob(config, options).catch((error: unknown) => {
        if (!isHostError(error, 'COMMAND_NOT_STARTED')) throw error
        return { exitCode: error.facts.exitCode, nodeId: undefined, taskId: 'none' }
      }),
  })),
  jobFault('runJob ignores fields that it does not know', 'JOB-009', (jobs) => ({
    runJob: (config, options) => {
      const { tty: _, ...known } = { tty: undefined, ...config }
      return jobs.runJob(known, options)
    },
  })),
  jobFault('the container of a job has no labels', 'JOB-010', (jobs) => ({
    runJob: ({ labels, ...config }, options) =>
      jobs.runJob(
        labels !== undefined && 'conformance.case' in labels ? config : { ...config, ...(labels && { labels }) },
        options,
      ),
  })),
  jobFault('jobs are not ended with their scope', 'JOB-011', () => ({ [Symbol.asyncDispose]: async () => {} })),
]

function jobFault(
  fault: string,
  failingCase: string,
  jobs: (jobs: JobManager, runtime: Runtime) => Partial<JobManager & AsyncDisposable>,
): FaultyPlugin {
  return { fault, failingCase, addFault: (correct) => breakPlugin(correct, { jobs }) }
}
