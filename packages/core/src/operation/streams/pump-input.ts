import type { Readable, Writable } from 'node:stream'
import type { OperationSubject } from '../operation-scope.js'
import { toStreamFailure } from './stream-failure.js'

/**
 * Copies the caller's input to a process, no faster than it is taken, until either ends. The end of the input ends `target`.
 * The input itself is never closed. A process that ends before it has read everything is no failure.
 */
export function pumpInput(source: Readable, target: Writable, call: OperationSubject): InputPump {
  let stop = () => {}
  const failed = new Promise<never>((_, reject) => {
    const onData = (chunk: Uint8Array | string) => {
      // The process has ended: its exit code tells how.
      if (!target.writable) return stop()
      if (!target.write(chunk)) source.pause()
    }
    const onDrain = () => source.resume()
    const onEnd = () => {
      stop()
      if (target.writable) target.end()
    }
    const onError = (error: unknown) => {
      stop()
      reject(toStreamFailure(call, 'input', error))
    }
    stop = () => {
      source.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError)
      target.off('drain', onDrain).off('close', stop)
      source.pause()
    }
    if (source.errored !== null) return onError(source.errored)
    if (source.readableEnded || source.destroyed) return onEnd()
    target.on('drain', onDrain).on('close', stop)
    source.on('end', onEnd).on('close', onEnd).on('error', onError).on('data', onData)
  })
  failed.catch(() => {})
  return { failed, stop: () => stop() }
}

/** A running copy of an input. */
export interface InputPump {
  /**
   * Rejects with OPERATION_FAILED when the input fails. The caller then ends or destroys the target, and the operation
   * fails: a process that read a part of its input must not pass for one that read all of it.
   */
  readonly failed: Promise<never>
  /** Stops the copy and leaves the input paused. */
  readonly stop: () => void
}
