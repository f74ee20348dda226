/**
 * An engine and the work that needs it.
 *
 * @template T
 * @typedef {object} EngineWork
 * @property {boolean} wasRunning whether the engine ran before, and is not to be stopped
 * @property {() => Promise<unknown>} start resolves when the engine answers
 * @property {(signal: AbortSignal) => Promise<T>} work ends early when the signal is aborted
 * @property {() => Promise<unknown>} stop
 */

/** A signal of the operating system has ended the work. */
export class InterruptedError extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(`interrupted by ${signal}`)
    this.signal = signal
  }
}

/**
 * Starts an engine, does the work, and stops the engine unless it ran before. SIGINT and SIGTERM abort the work, and reject with an
 * {@link InterruptedError} when the engine has stopped.
 *
 * @template T
 * @param {EngineWork<T>} engineWork
 * @returns {Promise<T>}
 */
export async function withEngine({ wasRunning, start, work, stop }) {
  const interruption = new AbortController()
  /** @param {NodeJS.Signals} signal */
  const interrupt = (signal) => interruption.abort(new InterruptedError(signal))
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    const result = await startAndWork(interruption.signal, { start, work }).finally(wasRunning ? undefined : stop)
    // Also a signal during the stop is not lost.
    interruption.signal.throwIfAborted()
    return result
  } catch (error) {
    // What the work rejects with is a consequence of the interruption.
    throw interruption.signal.aborted ? interruption.signal.reason : error
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

/**
 * @template T
 * @param {AbortSignal} signal
 * @param {Pick<EngineWork<T>, 'start' | 'work'>} engineWork
 */
async function startAndWork(signal, { start, work }) {
  await start()
  signal.throwIfAborted()
  return work(signal)
}
