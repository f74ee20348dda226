// @ts-check
import { runJobs } from '@capstan/container-tools'
import { defineNeeds, jobManagerCapability, requireCapabilities } from '@capstan/core'

/** What a batch needs of a runtime. */
export const batchNeeds = defineNeeds({ required: { jobs: jobManagerCapability } })

/**
 * @typedef {object} BatchOptions
 * @property {string} image the image of all jobs, with `sh`
 * @property {number} concurrency the largest number of jobs at a time
 * @property {number} timeoutMs the limit of one job
 * @property {number} attempts how often a job runs whose end is not known, for example because its node was lost
 * @property {AbortSignal} signal removes all running jobs
 * @property {(line: string) => void} onEnd called with one line when a job ends
 */

/**
 * Runs each command in a shell, in a job of its own. Resolves with the results in the order of the commands, and with the nodes on
 * which they ran; an engine without a cluster has none.
 *
 * @param {import('@capstan/core').RuntimeScope} scope
 * @param {readonly string[]} commands
 * @param {BatchOptions} options
 */
export async function runBatch(scope, commands, { image, attempts, onEnd, ...options }) {
  const { jobs } = requireCapabilities(scope, batchNeeds.required)
  /** @type {Map<string, string>} */
  const results = new Map()
  /** @type {Set<string>} */
  const nodes = new Set()
  let left = [...new Set(commands)]
  for (let attempt = 1; left.length > 0; attempt += 1) {
    const configs = left.map((command) => ({ image, command: ['sh', '-c', command], labels: { batch: 'example' } }))
    /** @type {string[]} */
    const again = []
    for await (const { index, result, error } of runJobs(jobs, configs, options)) {
      const command = left[index] ?? ''
      if (result === undefined) {
        // The job may have run: an application must not repeat a command that may run only once.
        const isRepeated = isUnknownEnd(error) && attempt < attempts
        if (isRepeated) again.push(command)
        else results.set(command, `failed: ${error instanceof Error ? error.message : error}`)
        onEnd(`${command}: ${isRepeated ? 'again' : 'failed'}`)
        continue
      }
      if (result.nodeId !== undefined) nodes.add(result.nodeId)
      const end = result.exitCode === 0 ? 'ok' : `exit code ${result.exitCode}`
      results.set(command, [end, ...result.stdout.trim().split('\n').filter(Boolean)].join(', '))
      onEnd(`${command}: ${end} after ${Math.round(result.durationMs)} ms on ${result.nodeId ?? 'the engine'}`)
    }
    left = again
  }
  return { results: commands.map((command) => ({ command, result: results.get(command) ?? '' })), nodes: nodes.size }
}

/** @param {unknown} error */
function isUnknownEnd(error) {
  return error instanceof Error && 'code' in error && error.code === 'EXIT_CODE_UNKNOWN'
}
