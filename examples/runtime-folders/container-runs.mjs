// @ts-check
import { runtimeCapability } from '@capstan/core'
import { checkOption, createHostError, delay, poll } from '@capstan/core/plugin'
import { killProcess, startProcess } from './container-process.mjs'
import { unsupportedOptions } from './unsupported.mjs'

/**
 * Starts, stops and waits for the processes of one open runtime. A container that this runtime started is running until its
 * exit code is recorded, which happens after all of its output.
 *
 * @param {object} options
 * @param {string} options.type
 * @param {ReturnType<typeof import('./container-store.mjs').createContainerStore>} options.store
 */
export function createContainerRuns({ type, store }) {
  /** @type {Set<string>} */
  const startedHere = new Set()
  let lastStart = Promise.resolve()

  /** @param {string} id */
  async function find(id) {
    // Checked before the record is read, because the program may end in between.
    const isOwn = startedHere.has(id)
    const container = await store.find(id)
    return container && (isOwn ? { ...container, state: running } : container)
  }

  /** @param {string} id */
  async function require(id) {
    const container = await find(id)
    if (container === undefined) throw createHostError('CONTAINER_NOT_FOUND', { id })
    return container
  }

  /** @param {string} id */
  const isRunning = async (id) => (await find(id))?.state === 'running'

  /** @param {string} id @param {{ readonly isAttached: boolean }} options */
  async function startNow(id, options) {
    const container = await require(id)
    if (container.state === 'running') return undefined
    const { output, ended, run } = await startProcess(container, options)
    startedHere.add(id)
    const recorded = store.record(container, run)
    void ended
      .then(async (exitCode) => {
        await recorded
        // The container may have been removed, and another one may have its name.
        if ((await store.find(id))?.run?.startedAt !== run.startedAt) return
        await store.record(container, { ...run, exitCode, finishedAt: new Date().toISOString() })
      })
      .catch(() => {})
      .finally(() => startedHere.delete(id))
    await recorded
    return output
  }

  return {
    require,
    isRunning,
    list: async () => (await Promise.all((await store.listIds()).map(find))).filter((found) => found !== undefined),

    /** Starts a container after the starts before it. Resolves with `undefined` when it is running. @param {string} id */
    start(id, options = { isAttached: false }) {
      const start = lastStart.then(() => startNow(id, options))
      lastStart = start.then(
        () => {},
        () => {},
      )
      return start
    },

    /** @param {string} id @param {{ readonly graceMs: number, readonly signal: AbortSignal }} options */
    async stop(id, { graceMs, signal }) {
      const { run, state } = (await find(id)) ?? {}
      if (run === undefined || state !== 'running') return
      const isOver = async () => ((await isRunning(id)) ? undefined : true)
      if (graceMs > 0) killProcess(run.pid, 'SIGTERM')
      if (graceMs > 0 && (await poll(isOver, { limitMs: graceMs, signal }))) return
      killProcess(-run.pid, 'SIGKILL')
      await poll(isOver, { limitMs: Number.POSITIVE_INFINITY, signal })
    },

    /** @param {string} id @param {AbortSignal} signal @returns {Promise<number>} */
    async wait(id, signal) {
      const by = { runtime: type, unsupportedOptions }
      // The number of reads in a row at which no run of this runtime was found.
      for (let readsWithoutOwnRun = 0; ; ) {
        const isOwn = startedHere.has(id)
        const { run, state = 'exited' } = (await find(id)) ?? {}
        if (state === 'exited' && run?.exitCode !== undefined) return run.exitCode
        readsWithoutOwnRun = isOwn || state === 'created' ? 0 : readsWithoutOwnRun + 1
        // One read may fall between a start or an exit and its record.
        if (readsWithoutOwnRun > 1) {
          if (state === 'running') checkOption(runtimeCapability, 'foreignContainers.exitCode', id, by)
          throw createHostError('EXIT_CODE_UNKNOWN', { id, reason: 'no exit was recorded' })
        }
        await delay(20, { signal })
      }
    },
  }
}

const running = /** @type {const} */ ('running')
